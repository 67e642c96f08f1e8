"""Plain-text cases that say how a model should behave, by capability and by rule of the codebook.

After Ribeiro et al. (2020), "Beyond accuracy: behavioral testing of NLP models with CheckList":
minimum functionality is the cases themselves, invariance the `changes`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from ..data.themes import THEMES
from .changes import CHANGES
from .comparison import System

CASES_PATH: Final = Path(__file__).with_name("behaviour.tsv")


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, its labels by the codebook, and what it tests.

    Attributes
    ----------
    capability : str
    rules : tuple of int
        Numbers of the codebook's rules that decide the case; empty where the definition does.
    text : str
    labels : tuple of bool, one a theme
    """

    capability: str
    rules: tuple[int, ...]
    text: str
    labels: tuple[bool, ...]


def read_cases(path: Path = CASES_PATH) -> list[Case]:
    """Read the cases of a TSV file with the columns capability, rules, text and labels."""
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        capability, rules, text, labels = line.split("\t")
        given = set(labels.split(";")) - {""}
        if not given <= set(THEMES):
            raise ValueError(f"{path}: unknown theme in {line!r}")
        numbers = tuple(int(rule) for rule in rules.split(";") if rule)
        cases.append(Case(capability, numbers, text, tuple(theme in given for theme in THEMES)))
    return cases


def pass_rates(system: System, cases: list[Case]) -> pd.DataFrame:
    """Return the share of cases with exactly the right labels, by capability and by rule.

    Returns
    -------
    pandas.DataFrame
        Columns part (``capability`` or ``rule``), name, passed (share) and cases (count). A case
        that several rules decide counts for each.
    """
    rows = [
        (part, name, right)
        for case, right in zip(cases, _passed(system, cases), strict=True)
        for part, name in (("capability", case.capability), *(("rule", str(r)) for r in case.rules))
    ]
    frame = pd.DataFrame(rows, columns=["part", "name", "passed"])
    groups = frame.groupby(["part", "name"], sort=False)["passed"]
    rates = pd.DataFrame({"passed": groups.mean(), "cases": groups.size()}).reset_index()
    number = pd.to_numeric(rates["name"], errors="coerce").fillna(0)
    order = np.lexsort((number, rates["part"] == "rule"))
    return rates.iloc[order].reset_index(drop=True)


def flip_rates(system: System, cases: list[Case]) -> pd.DataFrame:
    """Return how often each of the `CHANGES` alters the labels of a case.

    Returns
    -------
    pandas.DataFrame
        Columns change, flipped (share of the cases whose text the change alters) and cases (how
        many those are).
    """
    texts = [case.text for case in cases]
    before = system.predict(texts)
    rows = []
    for name, change in CHANGES.items():
        changed = [change(text) for text in texts]
        altered = np.array([new != old for new, old in zip(changed, texts, strict=True)])
        flipped = (system.predict(changed) != before).any(axis=1)
        share = float(flipped[altered].mean()) if altered.any() else 0.0
        rows.append({"change": name, "flipped": share, "cases": int(altered.sum())})
    return pd.DataFrame(rows)


def _passed(system: System, cases: list[Case]) -> np.ndarray:
    given = system.predict([case.text for case in cases])
    right: np.ndarray = (given == np.array([case.labels for case in cases])).all(axis=1)
    return right
