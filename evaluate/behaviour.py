"""Plain-text cases that say how a model should behave, by capability, and changes that should not matter.

After Ribeiro et al. (2020), "Beyond accuracy: behavioral testing of NLP models with CheckList":
minimum functionality (the cases), invariance and direction (the changes).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from ..data.themes import THEMES
from .comparison import System

CASES_PATH: Final = Path(__file__).with_name("behaviour.tsv")

_NAMES: Final = MappingProxyType(
    {
        "Facebook": "Weibo", "Telegram": "Viber", "Google": "Baidu", "WhatsApp": "Line",
        "May": "October", "Friday": "Tuesday", "Sunday": "Wednesday",
    }
)  # fmt: skip


def _rename(text: str) -> str:
    return re.sub(r"\b(" + "|".join(_NAMES) + r")\b", lambda m: _NAMES[m[1]], text)


CHANGES: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "names": _rename,
        "numbers": lambda text: re.sub(r"\d+", lambda m: str(int(m[0]) * 7 + 3), text),
        "capitals": str.upper,
        "lower case": str.lower,
        "quotation marks": lambda text: f"\u201c{text}\u201d",
        "no full stop": lambda text: text.rstrip("."),
        "attribution": lambda text: f"{text.rstrip('.')}, a spokeswoman said on Monday.",
        "white space": lambda text: text.replace(" ", "\u00a0  "),
    }
)
"""Changes of a sentence that must not change its labels."""


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence, its labels by the codebook, and what it tests."""

    capability: str
    text: str
    labels: tuple[bool, ...]


def read_cases(path: Path = CASES_PATH) -> list[Case]:
    """Read the cases of a TSV file with the columns capability, text and labels."""
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        capability, text, labels = line.split("\t")
        given = set(labels.split(";")) - {""}
        if not given <= set(THEMES):
            raise ValueError(f"{path}: unknown theme in {line!r}")
        cases.append(Case(capability, text, tuple(theme in given for theme in THEMES)))
    return cases


def pass_rates(system: System, cases: list[Case]) -> pd.Series:
    """Return the share of cases with exactly the right labels, by capability."""
    given = system.predict([case.text for case in cases])
    passed = (given == np.array([case.labels for case in cases])).all(axis=1)
    frame = pd.DataFrame({"capability": [c.capability for c in cases], "passed": passed})
    return frame.groupby("capability", sort=False)["passed"].mean()


def flip_rates(system: System, cases: list[Case]) -> pd.Series:
    """Return the share of cases whose labels a change of `CHANGES` alters, by change."""
    texts = [case.text for case in cases]
    before = system.predict(texts)
    return pd.Series(
        {
            name: float((system.predict([*map(change, texts)]) != before).any(axis=1).mean())
            for name, change in CHANGES.items()
        }
    )
