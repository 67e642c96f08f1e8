"""Which sentences can mention a ground at all: one pass of a regular expression over a column.

Most sentences of an archive mention no ground. The expression finds the beginnings of the words that
every term needs, in linear time (RE2); it may let through too much, never too little.
"""

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .columns import to_numpy
from .normalise import american, normalise_column
from .terms import MAX_GAP, TermTable
from .tokens import stem

# The rules of `normalise.american`, read backwards.
_EITHER_SPELLING: Final = (
    ("or", "ou?r"),
    ("z", "[sz]"),
    ("ens", "en[cs]"),
    ("([bt])(?:er|re)$", r"\1(?:er|re)"),
    ("^pa?edo", "pa?edo"),
    ("^check", "che(?:ck|que)"),
)
_WORD: Final = r"[a-z0-9\x{80}-\x{10ffff}]"
_BLANK: Final = r"[^a-z0-9\x{80}-\x{10ffff}]"
_GAP: Final = f"(?:{_WORD}+{_BLANK}+){{0,{MAX_GAP}}}"


class Prefilter:
    """Selects the sentences of a column that may mention a term of a table."""

    def __init__(self, table: TermTable) -> None:
        # Exceptions only take mentions away: leaving them out lets through too much, not too little.
        beginnings = {
            _sequence(steps)
            for term, steps in zip(table.terms, table.steps(), strict=True)
            if not term.is_exception
        }
        self.pattern = f"(?:^|{_BLANK})(?:" + "|".join(sorted(beginnings)) + ")"

    def keep(self, texts: pa.StringArray) -> tuple[np.ndarray, pa.StringArray]:
        """Return the row numbers (int64) and the texts that are left."""
        hit = pc.match_substring_regex(normalise_column(texts), self.pattern)
        return np.flatnonzero(to_numpy(hit)), texts.filter(hit)


def _sequence(steps: list[tuple[frozenset[str], bool]]) -> str:
    """Return the expression for one term: the beginnings of its words, in order."""
    expression = ""
    for alternatives, gap in steps:
        if expression:
            expression += f"{_WORD}*{_BLANK}+" + (_GAP if gap else "")
        expression += "(?:" + "|".join(sorted(map(_beginning, alternatives))) + ")"
    return expression


def _beginning(atom: str) -> str:
    """Return an expression for the letters that every word matching the alternative starts with."""
    if atom.startswith("="):
        return re.escape(atom[1:]) + f"(?:{_BLANK}|$)"
    word = atom.removesuffix("*")
    if not atom.endswith("*"):
        word = _common_start(word, stem(word))
    expression = re.escape(american(word))
    for american_letters, either in _EITHER_SPELLING:
        expression = re.sub(american_letters, either, expression)
    return expression


def _common_start(a: str, b: str) -> str:
    length = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    return a[: min(len(a), len(b)) if length is None else length]
