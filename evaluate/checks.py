"""What every training run is asked beside its metrics: cases, changes, names exchanged, slices."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .behaviour import flip_rates, pass_rates, read_cases
from .comparison import System
from .exchange import ALL, BIAS_KINDS, exchange_names, flip_rate
from .slices import FLOOR, slice_table, worst_slice


@dataclass(frozen=True)
class Checks:
    """Answers of one model.

    Attributes
    ----------
    passed : DataFrame
        As from `behaviour.pass_rates`.
    flips : DataFrame
        As from `behaviour.flip_rates`.
    exchanged : DataFrame
        As from `exchange.exchange_names`, on the data.
    slices : DataFrame
        As from `slices.slice_table`, on the data.
    n_sentences : int
        Of the data.
    """

    passed: pd.DataFrame
    flips: pd.DataFrame
    exchanged: pd.DataFrame
    slices: pd.DataFrame
    n_sentences: int

    def metrics(self) -> dict[str, float]:
        """Return the figures by the names under which a tracking store keeps them."""
        capabilities = self.passed[self.passed["part"] == "capability"]
        figures: dict[str, Any] = {"behaviour.pass": _mean_over_cases(capabilities)}
        for row in capabilities.itertuples():
            figures[f"behaviour.pass.{row.name}"] = row.passed
        for row in self.flips.itertuples():
            figures[f"behaviour.flip.{row.change}"] = row.flipped
        figures["names_exchanged.flip_rate"] = flip_rate(self.exchanged)
        for kind in BIAS_KINDS:
            figures[f"names_exchanged.flip_rate.{kind}"] = flip_rate(self.exchanged, kind)
        worst = worst_slice(self.slices)
        if worst is not None:
            figures["slices.worst_macro_f1"] = worst["macro_f1"]
        return {name.replace(" ", "_"): float(value) for name, value in figures.items()}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name, of the exchanged sentences those that flipped."""
        return {
            "behaviour_cases": self.passed,
            "behaviour_changes": self.flips,
            "names_exchanged": self.exchanged[self.exchanged["flipped"]],
            "slices": self.slices,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain types, for JSON."""
        return {
            "behaviour_cases": records(self.passed),
            "behaviour_changes": records(self.flips),
            "names_exchanged": {
                kind: {
                    "exchanges": int((self.exchanged["kind"] == kind).sum()),
                    "flip_rate": flip_rate(self.exchanged, kind),
                }
                for kind in (*BIAS_KINDS, ALL)
            },
        }

    def describe_exchange(self) -> str:
        """Say in one sentence what exchanging names did."""
        everything = self.exchanged[self.exchanged["kind"] == ALL]
        alone = ", ".join(f"{kind} {flip_rate(self.exchanged, kind):.2%}" for kind in BIAS_KINDS)
        return (
            f"{everything['flipped'].sum():,} of {len(everything):,} exchanges "
            f"({flip_rate(everything):.2%}) of countries, outlets and platforms changed the labels, in "
            f"the {everything['sentence'].nunique():,} of {self.n_sentences:,} sentences that name one "
            f"(one kind alone: {alone})"
        )


def run_checks(system: System, frame: pd.DataFrame) -> Checks:
    """Ask a model everything, on the cases of the package and on labelled data."""
    cases = read_cases()
    proba, decisions = system.predict_proba(frame["text"]), system.predict(frame["text"])
    return Checks(
        passed=pass_rates(system, cases),
        flips=flip_rates(system, cases),
        exchanged=exchange_names(system, frame["text"]),
        slices=slice_table(frame, proba, decisions),
        n_sentences=len(frame),
    )


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain types, missing values as None."""
    plain = table.astype("object").where(table.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def describe_worst(slices: pd.DataFrame) -> str:
    """Name the worst slice in one sentence."""
    worst = worst_slice(slices)
    if worst is None:
        return f"no slice holds {FLOOR} labels, so none is ranked"
    return (
        f"worst of {slices['ranked'].sum()} slices with {FLOOR} labels or more: "
        f"{worst['column']} {worst['slice']}, macro-F1 {worst['macro_f1']:.3f} over "
        f"{worst['themes']} themes, {worst['positives']} labels in {worst['sentences']} sentences"
    )


def _mean_over_cases(rates: pd.DataFrame) -> float:
    return float(np.average(rates["passed"], weights=rates["cases"]))
