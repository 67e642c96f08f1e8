"""The same sentence with its names exchanged: labels must not depend on who or where is meant.

After Prabhakaran, Hutchinson and Mitchell (2019), "Perturbation sensitivity analysis to detect
unintended model biases": each name of `names.tsv` gives its place to another of its kind.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ..models.theme_model import join_labels
from .comparison import System

NAMES_PATH: Final = Path(__file__).with_name("names.tsv")
BIAS_KINDS: Final = ("country", "outlet", "platform")
"""Kinds exchanged by the bias check."""
ALL: Final = "all"
"""Stands for all kinds exchanged at once: the figure that counts."""
N_PERMUTATIONS: Final = 5


@dataclass(frozen=True, slots=True)
class Name:
    """A name, how else it is written, and (of a country) its adjectives; the first form is written."""

    kind: str
    forms: tuple[str, ...]
    adjectives: tuple[str, ...]


@cache
def read_names(path: Path = NAMES_PATH) -> tuple[Name, ...]:
    """Read the names of a TSV file with the columns kind, name and adjective.

    Other ways to write a name or an adjective follow the first after ``|``.
    """
    names = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        kind, forms, adjectives = line.split("\t")
        names.append(
            Name(kind, tuple(forms.split("|")), tuple(a for a in adjectives.split("|") if a))
        )
    return tuple(names)


@cache
def _permutation(kinds: tuple[str, ...], seed: int) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern of all writings and what takes the place of each."""
    successor: dict[str, str] = {}
    for kind in kinds:
        names = [name for name in read_names() if name.kind == kind]
        random.Random(f"{kind} {seed}").shuffle(names)
        # One cycle through the shuffled names: none stays where it was.
        for name, other in zip(names, names[1:] + names[:1], strict=True):
            successor.update(dict.fromkeys(name.forms, other.forms[0]))
            successor.update(dict.fromkeys(name.adjectives, "".join(other.adjectives[:1])))
    longest_first = sorted(successor, key=len, reverse=True)
    # "US" must not be found in "U.S.", "Mexico" not in "New Mexico", nor "Korea" in "North Korea".
    alternatives = "|".join(
        f"[Tt]he {re.escape(form[4:])}" if form.startswith("the ") else re.escape(form)
        for form in longest_first
    )
    pattern = re.compile(
        rf"(?:\b(?P<article>[Aa]n?) )?(?<![\w-])(?<!New )(?P<name>{alternatives})(?!\w)"
    )
    return pattern, successor


def exchange(text: str, *, kinds: Sequence[str] = BIAS_KINDS, seed: int = 0) -> str:
    """Return a text in which every known name of the kinds has become another of its kind.

    The same seed exchanges the same names in every text; adjectives follow their countries, and
    "a" and "an" the word after them.

    >>> exchange("No name stands here.")
    'No name stands here.'
    """
    pattern, successor = _permutation(tuple(kinds), seed)

    def put(match: re.Match[str]) -> str:
        name, article = match["name"], match["article"]
        other = successor.get(name) or successor[name[0].lower() + name[1:]]
        if article:
            vowel = other[0] in "AEIO"
            return f"{article[0]}{'n' if vowel else ''} {other}"
        starts = name[0].isupper() and match.start() == 0
        return other[0].upper() + other[1:] if starts else other

    return pattern.sub(put, text)


def exchange_names(
    system: System, texts: Any, *, n_permutations: int = N_PERMUTATIONS
) -> pd.DataFrame:
    """Label sentences with their names exchanged in several ways: each kind alone, then all.

    Parameters
    ----------
    system : System
    texts : sequence of str, shape (n,)
    n_permutations : int

    Returns
    -------
    pandas.DataFrame
        One row for each sentence that holds a name of the kind, and each permutation: kind (of
        `BIAS_KINDS`, or ``all``), sentence (its position in `texts`), permutation, text, exchanged,
        before, after (labels separated by ``;``) and flipped (bool).
    """
    texts = [str(text) for text in texts]
    before = join_labels(system.predict(texts))
    parts = [
        _exchange_once(system, texts, before, kind, seed)
        for kind in (*BIAS_KINDS, ALL)
        for seed in range(n_permutations)
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["flipped"] = (frame["before"] != frame["after"]).astype(bool)
    return frame


def _exchange_once(
    system: System, texts: list[str], before: list[str], kind: str, seed: int
) -> pd.DataFrame:
    kinds = BIAS_KINDS if kind == ALL else (kind,)
    exchanged = [exchange(text, kinds=kinds, seed=seed) for text in texts]
    row = [i for i, text in enumerate(texts) if exchanged[i] != text]
    after = join_labels(system.predict([exchanged[i] for i in row])) if row else []
    return pd.DataFrame(
        {
            "kind": kind,
            "sentence": np.array(row, dtype=int),
            "permutation": seed,
            "text": [texts[i] for i in row],
            "exchanged": [exchanged[i] for i in row],
            "before": [before[i] for i in row],
            "after": after,
        }
    )


def flip_rate(frame: pd.DataFrame, kind: str = ALL) -> float:
    """Return the share of exchanged sentences (as from `exchange_names`) whose labels changed."""
    flipped = frame.loc[frame["kind"] == kind, "flipped"]
    return float(flipped.mean()) if len(flipped) else 0.0
