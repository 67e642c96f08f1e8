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
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from ..data.exceptions import InputError
from .kinds import NOTHING, Kinds, WordKinds
from .lexicon import Lexicon
from .normalise import american
from .ranges import ranges
from .tokens import Tokens, stem

MAX_GAP: Final = 2
_EXCEPTION: Final = "!"


class Term(NamedTuple):
    """One row of a table: its group and what it looks for."""

    group: str
    text: str

    @property
    def is_exception(self) -> bool:
        """Whether the term says where the others of its group do not count."""
        return self.text.startswith(_EXCEPTION)


class Spans(NamedTuple):
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
                    (self._step_ids.setdefault(alternatives, len(self._step_ids)), gap)
                    for alternatives, gap in _parse(term.text)
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
            For a file without the header line, or a line without a group, a tab and a term.
        """
        terms = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            group, tab, text = line.partition("\t")
            if number == 1 and text.strip() != "term":
                raise InputError(
                    "the first line is not a header",
                    path=path,
                    line=number,
                    remedy="Write group, a tab and term there.",
                )
            if number == 1 or not line.strip():
                continue
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
        hits = [*exact.get(word, ()), *stems.get(stem(word), ())]
        spelled = american(word)
        for length in self._prefix_lengths:
            if length > len(spelled):
                break
            hits += prefixes.get(spelled[:length], ())
        return tuple(sorted(set(hits))) if hits else ()

    @cached_property
    def _word_kinds(self) -> WordKinds:
        return WordKinds(self.steps_of_word, self._patterns, len(self._step_ids))

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
        kind_of_word, begins, kinds = self._word_kinds.look_up(tokens.words)
        start = np.flatnonzero(begins.take(tokens.codes))
        row = np.repeat(np.arange(len(tokens.offsets) - 1), np.diff(tokens.offsets)).take(start)
        if rows is not None:
            wanted = np.zeros(len(tokens.offsets) - 1, dtype=bool)
            wanted[rows] = True
            place = np.flatnonzero(wanted.take(row))
            start, row = start.take(place), row.take(place)

        def kind_at(token: np.ndarray) -> np.ndarray:
            return kind_of_word.take(tokens.codes.take(token, mode="clip"))

        # Words like "the" begin a term too, and are seldom followed by the rest of it.
        place = _promising(start, kind_at, kinds)
        start, row = start.take(place), row.take(place)
        # Every other term is tried wherever its first step fits, all at once.
        begun = kind_at(start)
        place, which = ranges(kinds.first_begun.take(begun), kinds.n_begun.take(begun))
        term, start, row = kinds.begun.take(place), start.take(which), row.take(which)
        end = self._ends(term, start, tokens.offsets.take(row + 1), kind_at, kinds.fits)
        found = np.flatnonzero(end > 0)
        spans = Spans(term.take(found), row.take(found), start.take(found), end.take(found))
        return self._outside_exceptions(spans)

    def _ends(
        self,
        term: np.ndarray,
        start: np.ndarray,
        row_end: np.ndarray,
        kind_at: Callable[[np.ndarray], np.ndarray],
        fits: np.ndarray,
    ) -> np.ndarray:
        """Return where terms end whose first step is at `start`, 0 where another step is missing.

        Parameters
        ----------
        term, start, row_end : ndarray, shape (n,)
        kind_at : callable
            From numbers of tokens to the kinds of their words.
        fits : ndarray of bool, shape (n_kinds, n_steps)
        """
        end = start + 1
        open_ = np.arange(len(term))
        for step_of_term, reach_of_term in zip(self._steps[1:], self._reach[1:], strict=True):
            step = step_of_term.take(term.take(open_))
            place = np.flatnonzero(step >= 0)
            open_, step = open_.take(place), step.take(place)
            at = end.take(open_)
            reach = reach_of_term.take(term.take(open_))
            last = np.minimum(at + reach, row_end.take(open_) - 1)
            following = np.full(len(open_), -1)
            # The nearest word that fits is the one taken: it is written last.
            for gap in range(MAX_GAP, -1, -1):
                cell = np.multiply(kind_at(at + gap), fits.shape[1], dtype=np.int64) + step
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
        """The steps of each term, int32 of shape (longest, n_terms), -1 behind the last."""
        return self._padded([[step for step, _ in p] for p in self._patterns])

    @cached_property
    def _reach(self) -> np.ndarray:
        """How many other words may stand before each step, of the shape of `_steps`."""
        return self._padded([[MAX_GAP * gap for _, gap in p] for p in self._patterns])

    @staticmethod
    def _padded(values: list[list[int]]) -> np.ndarray:
        return np.array(list(zip_longest(*values, fillvalue=-1)), dtype=np.int32)


def _promising(
    start: np.ndarray, kind_at: Callable[[np.ndarray], np.ndarray], kinds: Kinds
) -> np.ndarray:
    """Return which of the tokens that begin terms have in reach what may be the second step of one.

    Parameters
    ----------
    start : ndarray of int64, shape (n,)
    kind_at : callable
        From numbers of tokens to the kinds of their words.
    kinds : Kinds
    """
    needs = kinds.needs.take(kind_at(start))
    kept = needs >= NOTHING
    unsure = np.flatnonzero(~kept)
    marks = np.zeros(len(unsure), dtype=np.int64)
    for distance in range(1, MAX_GAP + 2):
        marks |= kinds.marks.take(kind_at(start.take(unsure) + distance))
    kept[unsure] = needs.take(unsure) & marks != 0
    return np.flatnonzero(kept)


def _parse(text: str) -> list[tuple[frozenset[str], bool]]:
    """Return the steps of a term: the alternatives of each, and whether a gap may stand before."""
    steps: list[tuple[frozenset[str], bool]] = []
    gap = False
    parts = text.removeprefix(_EXCEPTION).split()
    for part in parts:
        if part == "~":
            gap = True
            continue
        steps.append((frozenset(part.split("|")), gap))
        gap = False
    if not steps or gap or parts[0] == "~" or any({"", "=", "*"} & words for words, _ in steps):
        raise InputError(f"the term {text!r} has no word where one is expected")
    return steps
