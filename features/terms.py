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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from ..data.exceptions import InputError
from .lexicon import Lexicon, PerWord
from .normalise import american
from .ranges import ranges
from .tokens import Tokens, stem

MAX_GAP: Final = 2
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


class TermTable:
    """A compiled table of terms.

    Parameters
    ----------
    terms : sequence of Term
        Grouped on the way in; `terms` has the order that the indices in `Spans.term` refer to.
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

    def __reduce__(self) -> tuple[type, tuple[Sequence[Term]]]:
        # What has been worked out of the terms stays behind.
        return type(self), (self.terms,)

    @classmethod
    def read(cls, path: Path) -> "TermTable":
        """Read a table from a TSV file with the columns group and term (header line first).

        Raises
        ------
        InputError
            For a line without a group, a tab and a term.
        """
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
    def lexicon(self) -> Lexicon:
        """The words met where the table was used; who tokenises with it has each looked into once."""
        return Lexicon()

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
        exact, stems, prefixes = self._matchers
        hits = set(exact.get(word, ())) | set(stems.get(stem(word), ()))
        spelled = american(word)
        for length in self._prefix_lengths:
            if length > len(spelled):
                break
            hits.update(prefixes.get(spelled[:length], ()))
        return tuple(sorted(hits))

    @cached_property
    def _word_kinds(self) -> "_WordKinds":
        return _WordKinds(self.steps_of_word, self._steps[:, 0], len(self._step_ids))

    def find(self, tokens: Tokens, rows: np.ndarray | None = None) -> Spans:
        """Find every occurrence of every term.

        Python loops run over words not met before and over the steps of the longest term, never over
        tokens, sentences or terms.

        Parameters
        ----------
        tokens : Tokens
        rows : ndarray of int64, optional
            Look into these sentences only.
        """
        kind_of_word, kinds = self._word_kinds.look_up(tokens.words)
        kind = kind_of_word.take(tokens.codes)
        # Every term is tried wherever its first step fits, all at once.
        start = np.flatnonzero((kinds.n_begun > 0).take(kind))
        row = np.repeat(np.arange(len(tokens.offsets) - 1), np.diff(tokens.offsets)).take(start)
        if rows is not None:
            wanted = np.zeros(len(tokens.offsets) - 1, dtype=bool)
            wanted[rows] = True
            place = np.flatnonzero(wanted.take(row))
            start, row = start.take(place), row.take(place)
        begun = kind.take(start)
        place, which = ranges(kinds.first_begun.take(begun), kinds.n_begun.take(begun))
        term, start, row = kinds.begun.take(place), start.take(which), row.take(which)
        end = self._ends(term, start, tokens.offsets.take(row + 1), kind, kinds.fits)
        found = np.flatnonzero(end)
        spans = Spans(term.take(found), row.take(found), start.take(found), end.take(found))
        return self._outside_exceptions(spans)

    def _ends(
        self,
        term: np.ndarray,
        start: np.ndarray,
        row_end: np.ndarray,
        kind: np.ndarray,
        fits: np.ndarray,
    ) -> np.ndarray:
        """Return where terms end whose first step is at `start`, 0 where another step is missing.

        Parameters
        ----------
        term, start, row_end : ndarray, shape (n,)
        kind : ndarray of int32, shape (n_tokens,)
            The kind of the word of every token.
        fits : ndarray of bool, shape (n_kinds, n_steps)
        """
        end = start + 1
        open_ = np.arange(len(term))
        for number in range(1, self._steps.shape[1]):
            open_ = open_[self._steps[:, number].take(term.take(open_)) >= 0]
            step, reach = self._steps[:, number], self._reach[:, number]
            step, reach = step.take(term.take(open_)), reach.take(term.take(open_))
            at = end.take(open_)
            last = np.minimum(at + reach, row_end.take(open_) - 1)
            following = np.full(len(open_), -1)
            # The nearest word that fits is the one taken: it is written last.
            for gap in range(MAX_GAP, -1, -1):
                there = kind.take(at + gap, mode="clip")
                cell = np.multiply(there, fits.shape[1], dtype=np.int64) + step
                fit = np.flatnonzero(fits.take(cell) & (at + gap <= last))
                following[fit] = at[fit] + gap
            end[open_] = following + 1
            open_ = open_[following >= 0]
        return end

    def _outside_exceptions(self, spans: Spans) -> Spans:
        """Keep the spans that are no exception and do not begin inside one of their group."""
        is_exception = self._is_exception.take(spans.term)
        kept = ~is_exception
        group = self.group_of_term.take(spans.term)
        for index in np.flatnonzero(np.bincount(group[is_exception])).tolist():
            own = np.flatnonzero(is_exception & (group == index))
            others = np.flatnonzero(kept & (group == index))
            until = np.maximum.accumulate(spans.end[own])
            before = np.searchsorted(spans.start[own], spans.start[others], side="right")
            inside = (before > 0) & (until[before - 1] > spans.start[others])
            kept[others[inside]] = False
        if kept.all():
            return spans
        return Spans(spans.term[kept], spans.row[kept], spans.start[kept], spans.end[kept])

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


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What the kinds of words begin and fit.

    Attributes
    ----------
    fits : ndarray of bool, shape (n_kinds, n_steps)
    begun : ndarray of int32
        The terms that begin with a word of each kind, ascending, one kind after another.
    first_begun, n_begun : ndarray of int64, shape (n_kinds,)
        Where in `begun` those of each kind are, and how many.
    """

    fits: np.ndarray
    begun: np.ndarray
    first_begun: np.ndarray
    n_begun: np.ndarray


class _WordKinds:
    """The words that a table has met. Those that fit the same steps are of one kind.

    Parameters
    ----------
    steps_of_word : callable
    first_steps : ndarray of int, shape (n_terms,)
        The step each term begins with.
    n_steps : int
    """

    def __init__(
        self,
        steps_of_word: Callable[[str], tuple[int, ...]],
        first_steps: np.ndarray,
        n_steps: int,
    ) -> None:
        self._steps_of_word = steps_of_word
        self._terms_from: list[list[int]] = [[] for _ in range(n_steps)]
        for term, step in enumerate(first_steps.tolist()):
            self._terms_from[step].append(term)
        self._kind_of_steps: dict[tuple[int, ...], int] = {}
        self._kind_of_word = PerWord(self._find_kind)
        self._kinds = self._described()
        self._lock = Lock()

    def look_up(self, words: list[str]) -> tuple[np.ndarray, _Kinds]:
        """Return the kind of each word, int32 of shape (n_words,), and what is known of the kinds."""
        # Threads may label with one model, and what is described must hold every kind that is returned.
        with self._lock:
            kind = self._kind_of_word(words)
            if len(self._kind_of_steps) > len(self._kinds.n_begun):
                self._kinds = self._described()
            return kind, self._kinds

    def _find_kind(self, word: str) -> int:
        return self._kind_of_steps.setdefault(self._steps_of_word(word), len(self._kind_of_steps))

    def _described(self) -> _Kinds:
        fits = np.zeros((len(self._kind_of_steps), len(self._terms_from)), dtype=bool)
        begun: list[int] = []
        bounds = [0]
        for kind, steps in enumerate(self._kind_of_steps):
            fits[kind, list(steps)] = True
            begun += sorted(t for step in steps for t in self._terms_from[step])
            bounds.append(len(begun))
        first = np.array(bounds, dtype=np.int64)
        return _Kinds(fits, np.array(begun, dtype=np.int32), first[:-1], np.diff(first))


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
