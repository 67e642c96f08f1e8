"""One table: a model beside the baselines, on the same sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..data.themes import THEMES
from .metrics import Interval, bootstrap_macro_f1, false_alarm_rate, theme_metrics


class System(Protocol):
    """Anything that labels sentences."""

    def predict_proba(self, texts: Any) -> np.ndarray:
        """Return probabilities, shape (n, 4)."""
        ...

    def predict(self, texts: Any) -> np.ndarray:
        """Return labels, bool of shape (n, 4)."""
        ...


@dataclass(frozen=True)
class Comparison:
    """Figures of several systems on one labelled table.

    Attributes
    ----------
    n_sentences, n_articles : int
    metrics : dict of name to DataFrame
        As from `metrics.theme_metrics`.
    macro_f1 : dict of name to Interval
    differences : dict of (name, name) to Interval
    false_alarms : dict of name to float
        Share of unlabelled sentences that were given a theme.
    """

    n_sentences: int
    n_articles: int
    metrics: dict[str, pd.DataFrame]
    macro_f1: dict[str, Interval]
    differences: dict[tuple[str, str], Interval]
    false_alarms: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain types, for JSON."""
        return {
            "n_sentences": self.n_sentences,
            "n_articles": self.n_articles,
            "systems": {
                name: {
                    "macro_f1": _as_list(self.macro_f1[name]),
                    "false_alarm_rate": self.false_alarms[name],
                    "themes": {
                        row: {c: None if pd.isna(v) else v for c, v in values.items()}
                        for row, values in frame.to_dict(orient="index").items()
                    },
                }
                for name, frame in self.metrics.items()
            },
            "differences": {f"{a} - {b}": _as_list(i) for (a, b), i in self.differences.items()},
        }

    def __str__(self) -> str:
        width = max(len(name) for name in self.metrics)
        short = "".join(f"{t.replace('_control', ''):^18}" for t in THEMES)
        lines = [
            (
                f"{self.n_sentences:,} sentences in {self.n_articles:,} articles; "
                "macro-F1 with 95% interval (bootstrap over articles); "
                "P, R, F1 a theme at the thresholds in force"
            ),
            "",
            f"{'':{width}}  {'macro-F1':^20}  {'false alarms':>12}  {short}",
            f"{'':{width}}  {'':20}  {'':>12}  " + f"{'P    R    F1':^18}" * len(THEMES),
        ]
        for name, frame in self.metrics.items():
            figures = frame.loc[list(THEMES), ["precision", "recall", "f1"]].to_numpy()
            cells = "".join(f"{p:.2f} {r:.2f} {f:.2f}".center(18) for p, r, f in figures)
            lines.append(
                f"{name:{width}}  {self.macro_f1[name]!s:20}  "
                f"{self.false_alarms[name]:12.2%}  {cells}"
            )
        support = next(iter(self.metrics.values()))["support"]
        lines.append(
            f"{'sentences with it':{width}}  {'':20}  {'':>12}  "
            + "".join(f"{support[t]:^18}" for t in THEMES)
        )
        return "\n".join(line.rstrip() for line in lines)


def compare(frame: pd.DataFrame, systems: Mapping[str, System], *, seed: int = 0) -> Comparison:
    """Score systems on a labelled table.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `data.reader.read_labelled`: columns text, article and one of bool a theme.
    systems : mapping of str to System
        By the names the table should show; differences are between all pairs.
    seed : int, default=0
        Of the bootstrap over articles.
    """
    Y = frame[list(THEMES)].to_numpy()
    metrics, decisions = {}, {}
    for name, system in systems.items():
        proba = system.predict_proba(frame["text"])
        decisions[name] = system.predict(frame["text"])
        metrics[name] = theme_metrics(Y, proba, decisions[name])
    scores, differences = bootstrap_macro_f1(Y, decisions, frame["article"].to_numpy(), seed=seed)
    return Comparison(
        n_sentences=len(frame),
        n_articles=frame["article"].nunique(),
        metrics=metrics,
        macro_f1=scores,
        differences=differences,
        false_alarms={name: false_alarm_rate(Y, D) for name, D in decisions.items()},
    )


def _as_list(interval: Interval) -> list[float]:
    return [interval.value, interval.low, interval.high]
