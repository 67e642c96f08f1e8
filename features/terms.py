"""Readable tables of terms, and where they occur.

A table has two tab-separated columns, a group (a theme, or a kind of cue) and a term. A term is one
or more steps separated by spaces; a step is one or more alternatives separated by ``|``:

========== ======================================================================
``word``   any inflection of the word (same stem)
``word*``  any word that begins so (after the spelling is made American)
``=word``  this word only
``~``      between two steps: up to two other words may stand there
``!``      before the first step: where this is found, no term of the group counts
========== ======================================================================

So ``fake ~ report|story`` finds "fake reports" and "fake and misleading stories", and
``! voter ~ fraud`` keeps ``fraud*`` from being found in "voter fraud".
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from ..data.exceptions import InputError
from .normalise import american
from .ranges import ranges
from .tokens import Tokens, stem

MAX_GAP: Final = 2
_MAX_WORDS: Final = 1 << 18
"""Words remembered by a table; an archive has more than memory should hold."""
_EXCEPTION: Final = "!"


@dataclass(frozen=True, slots=True)
class Term:
    """One row of a table: its group and what it looks for."""

    group: str
    text: str

    @property
    def is_exception(self) -> bool:
        """Whether the term says where the others of its group do not count."""
        return self.text.startswith(_EXCEPTION)


@dataclass(frozen=True, slots=True)
class Spans:
    """Occurrences of terms in a column of sentences, in the order of their first token.

    Attributes
    ----------
    term : ndarray of int32, shape (n,)
        Index of the term in the table.
    row : ndarray of int64, shape (n,)
        Index of the sentence.
    start, end : ndarray of int64, shape (n,)
        First token and one past the last, as indices into the tokens of the whole column.
    """

    term: np.ndarray
    row: np.ndarray
    start: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class _Step:
    alternatives: frozenset[str]
    gap_before: bool


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Some words by the steps of a table they fit: those that fit the same are of one kind.

    Attributes
    ----------
    of_word : ndarray of int64, shape (n_words,)
    fits : ndarray of bool, shape (n_kinds, n_steps)
    begun : ndarray of int32
        The terms that begin with a word of each kind, ascending, one kind after another.
    n_begun : ndarray of int64, shape (n_kinds,)
        How many those are.
    """

    of_word: np.ndarray
    fits: np.ndarray
    begun: np.ndarray
    n_begun: np.ndarray


class TermTable:
    """A compiled table of terms.

    Parameters
    ----------
    terms : sequence of Term
        At most 65,535 distinct steps. Grouped on the way in; `terms` has the order that the
        indices in `Spans.term` refer to.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        # Terms of one group stand together, so that spans sorted by term are sorted by group.
        order = {group: i for i, group in enumerate(dict.fromkeys(t.group for t in terms))}
        self.terms = tuple(sorted(terms, key=lambda t: order[t.group]))
        self._step_ids: dict[frozenset[str], int] = {}
        self._patterns: list[list[tuple[int, bool]]] = []
        for term in self.terms:
            self._patterns.append(
                [
                    (self._step_ids.setdefault(s.alternatives, len(self._step_ids)), s.gap_before)
                    for s in _parse(term.text)
                ]
            )

    @classmethod
    def read(cls, path: Path) -> "TermTable":
        """Read a table from a TSV file with the columns group and term (header line first)."""
        terms = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if number == 1 or not line.strip():
                continue
            group, tab, text = line.partition("\t")
            if not tab or not text.strip():
                raise InputError(
                    "expected a group, a tab and a term",
                    path=path,
                    line=number,
                    remedy="Write one term a line.",
                )
            terms.append(Term(group, text.strip()))
        return cls(terms)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The distinct groups, in the order of their first term."""
        return tuple(dict.fromkeys(t.group for t in self.terms))

    @cached_property
    def group_of_term(self) -> np.ndarray:
        """For each term the index of its group, int32 of shape (n_terms,)."""
        index = {g: i for i, g in enumerate(self.groups)}
        return np.array([index[t.group] for t in self.terms], dtype=np.int32)

    def steps(self) -> list[list[tuple[frozenset[str], bool]]]:
        """For each term its steps: the alternatives, and whether a gap may stand before."""
        by_id = list(self._step_ids)
        return [[(by_id[step], gap) for step, gap in pattern] for pattern in self._patterns]

    @cached_property
    def _matchers(self) -> tuple[dict[str, list[int]], dict[str, list[int]], dict[str, list[int]]]:
        exact: dict[str, list[int]] = defaultdict(list)
        stems: dict[str, list[int]] = defaultdict(list)
        prefixes: dict[str, list[int]] = defaultdict(list)
        for alternatives, step in self._step_ids.items():
            for atom in alternatives:
                if atom.startswith("="):
                    exact[atom[1:]].append(step)
                elif atom.endswith("*"):
                    prefixes[atom[:-1]].append(step)
                else:
                    stems[stem(atom)].append(step)
        return dict(exact), dict(stems), dict(prefixes)

    @cached_property
    def _prefix_lengths(self) -> tuple[int, ...]:
        return tuple(sorted({len(p) for p in self._matchers[2]}))

    def steps_of_word(self, word: str) -> tuple[int, ...]:
        """Return the numbers of the distinct steps that a normalised word fits, ascending."""
        known = self._known_words
        steps = known.get(word)
        if steps is None:
            exact, stems, prefixes = self._matchers
            hits = set(exact.get(word, ())) | set(stems.get(stem(word), ()))
            spelled = american(word)
            for length in self._prefix_lengths:
                if length > len(spelled):
                    break
                hits.update(prefixes.get(spelled[:length], ()))
            if len(known) > _MAX_WORDS:
                known.clear()
            steps = known[word] = tuple(sorted(hits))
        return steps

    @cached_property
    def _known_words(self) -> dict[str, tuple[int, ...]]:
        return {}

    def _kinds(self, words: list[str]) -> "_Kinds":
        kinds: dict[tuple[int, ...], int] = {}
        kind = [kinds.setdefault(self.steps_of_word(word), len(kinds)) for word in words]
        fits = np.zeros((len(kinds), len(self._step_ids)), dtype=bool)
        for number, steps in enumerate(kinds):
            fits[number, list(steps)] = True
        begun = [sorted(t for step in steps for t in self._terms_from[step]) for steps in kinds]
        return _Kinds(
            np.array(kind, dtype=np.int64),
            fits,
            np.array([t for terms in begun for t in terms], dtype=np.int32),
            np.array([len(terms) for terms in begun], dtype=np.int64),
        )

    @cached_property
    def _terms_from(self) -> list[list[int]]:
        """For each step the terms that begin with it."""
        terms: list[list[int]] = [[] for _ in self._step_ids]
        for term, step in enumerate(self._steps[:, 0].tolist()):
            terms[step].append(term)
        return terms

    def find(self, tokens: Tokens) -> Spans:
        """Find every occurrence of every term.

        Python loops run over the distinct words and over the steps of the longest term, never over tokens,
        sentences or terms.
        """
        kinds = self._kinds(tokens.words)
        # Every term is tried wherever its first step fits, all at once.
        begin = np.flatnonzero((kinds.n_begun > 0)[kinds.of_word].take(tokens.codes))
        kind = kinds.of_word[tokens.codes[begin]]
        first_begun = np.cumsum(kinds.n_begun) - kinds.n_begun
        place, which = ranges(first_begun[kind], kinds.n_begun[kind])
        term, start = kinds.begun[place], begin[which]
        row_of = np.repeat(np.arange(len(tokens.offsets) - 1), np.diff(tokens.offsets))
        row, end = row_of[start], start + 1
        found = np.ones(len(term), dtype=bool)
        open_ = np.arange(len(term))
        for number in range(1, self._steps.shape[1]):
            open_ = open_[self._steps[term[open_], number] >= 0]
            step, reach = self._steps[term[open_], number], self._reach[term[open_], number]
            following = np.full(len(open_), -1)
            # The nearest word that fits is the one taken: it is written last.
            for gap in range(MAX_GAP, -1, -1):
                at = np.minimum(end[open_] + gap, len(row_of) - 1)
                fit = kinds.fits[kinds.of_word[tokens.codes[at]], step]
                fit &= (gap <= reach) & (at >= end[open_]) & (row_of[at] == row[open_])
                following[fit] = at[fit]
            end[open_] = following + 1
            found[open_] = following >= 0
            open_ = open_[following >= 0]
        kept = np.flatnonzero(found)
        kept = kept[self._outside_exceptions(term[kept], start[kept], end[kept], len(row_of))]
        return Spans(term[kept], row[kept], start[kept], end[kept])

    def _outside_exceptions(
        self, term: np.ndarray, start: np.ndarray, end: np.ndarray, n_tokens: int
    ) -> np.ndarray:
        """Mark the spans that are no exception and do not begin inside one of their group."""
        exception = self._is_exception[term]
        kept: np.ndarray = ~exception
        group = self.group_of_term[term]
        for index in np.unique(group[exception]):
            own = exception & (group == index)
            inside = covered(start[own], end[own], n_tokens)
            kept &= (group != index) | ~inside[start]
        return kept

    @cached_property
    def _is_exception(self) -> np.ndarray:
        return np.array([t.is_exception for t in self.terms], dtype=bool)

    @cached_property
    def _steps(self) -> np.ndarray:
        """The steps of each term, int32 of shape (n_terms, longest), -1 behind the last."""
        return self._padded([[step for step, _ in p] for p in self._patterns])

    @cached_property
    def _reach(self) -> np.ndarray:
        """How many other words may stand before each step, of the shape of `_steps`."""
        return self._padded([[MAX_GAP * gap for _, gap in p] for p in self._patterns])

    @staticmethod
    def _padded(values: list[list[int]]) -> np.ndarray:
        longest = max(map(len, values), default=1)
        padded = [row + [-1] * (longest - len(row)) for row in values]
        return np.array(padded, dtype=np.int32).reshape(len(values), longest)


def covered(start: np.ndarray, end: np.ndarray, n_tokens: int) -> np.ndarray:
    """Mark the tokens inside any of the spans, bool of shape (n_tokens,)."""
    edges = np.zeros(n_tokens + 1, dtype=np.int64)
    np.add.at(edges, start, 1)
    np.add.at(edges, end, -1)
    inside: np.ndarray = np.cumsum(edges[:-1]) > 0
    return inside


def _parse(text: str) -> list[_Step]:
    steps: list[_Step] = []
    gap = False
    for part in text.removeprefix(_EXCEPTION).split():
        if part == "~":
            gap = True
            continue
        steps.append(_Step(frozenset(part.split("|")), gap))
        gap = False
    if not steps or gap:
        raise InputError(f"the term {text!r} has no word where one is expected")
    return steps
