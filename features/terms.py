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

    @cached_property
    def _word_cache(self) -> dict[str, tuple[int, ...]]:
        return {}

    def _steps_of_word(self, word: str) -> tuple[int, ...]:
        found = self._word_cache.get(word)
        if found is None:
            exact, stems, prefixes = self._matchers
            hits = set(exact.get(word, ())) | set(stems.get(stem(word), ()))
            spelled = american(word)
            for length in self._prefix_lengths:
                if length > len(spelled):
                    break
                hits.update(prefixes.get(spelled[:length], ()))
            found = self._word_cache[word] = tuple(sorted(hits))
        return found

    def find(self, tokens: Tokens) -> Spans:
        """Find every occurrence of every term.

        Python loops run over the distinct words and over the terms, never over tokens or sentences.
        """
        word_steps = [self._steps_of_word(w) for w in tokens.words]
        counts = np.fromiter((len(s) for s in word_steps), dtype=np.int64, count=len(word_steps))
        flat = np.fromiter((i for s in word_steps for i in s), dtype=np.int64, count=counts.sum())
        first = np.concatenate(([0], np.cumsum(counts)))
        # One (step, position) pair for each step that each token satisfies, grouped by step.
        token_counts = counts[tokens.codes]
        hit = np.flatnonzero(token_counts)
        repeat = token_counts[hit]
        position = np.repeat(hit, repeat)
        rank = np.arange(len(position)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
        step = flat[np.repeat(first[tokens.codes[hit]], repeat) + rank]
        # A stable sort of 16-bit integers is a radix sort.
        order = np.argsort(step.astype(np.uint16), kind="stable")
        position = position[order]
        bounds = np.searchsorted(step[order], np.arange(len(self._step_ids) + 1))

        row_of = np.repeat(np.arange(len(tokens.offsets) - 1), np.diff(tokens.offsets))
        # Terms of one step, all at once; then the few that begin somewhere here, one by one.
        step_first, terms_of_step = self._single_terms
        step = step[order]
        many = np.diff(step_first)[step]
        starts = [np.repeat(position, many)]
        rank = np.arange(len(starts[0])) - np.repeat(np.cumsum(many) - many, many)
        terms = [terms_of_step[np.repeat(step_first[step], many) + rank]]
        ends = [starts[0] + 1]
        for index in self._long_terms:
            (begin, _), *others = self._patterns[index]
            start = end = position[bounds[begin] : bounds[begin + 1]]
            for step_id, gap in others:
                if not len(start):
                    break
                candidates = position[bounds[step_id] : bounds[step_id + 1]]
                start, end = _follow(start, end, candidates, MAX_GAP if gap else 0)
            if len(start):
                inside = row_of[start] == row_of[end]
                start, end = start[inside], end[inside]
                terms.append(np.full(len(start), index, dtype=np.int32))
                starts.append(start)
                ends.append(end + 1)
        term, start, end = np.concatenate(terms), np.concatenate(starts), np.concatenate(ends)
        order = np.argsort(start * len(self.terms) + term)
        term, start, end = term[order], start[order], end[order]
        kept = self._outside_exceptions(term, start, end, len(tokens.codes))
        term, start, end = term[kept], start[kept], end[kept]
        return Spans(term, row_of[start], start, end)

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
    def _single_terms(self) -> tuple[np.ndarray, np.ndarray]:
        """For each step where its terms of one step begin, and those terms."""
        pairs = sorted((p[0][0], i) for i, p in enumerate(self._patterns) if len(p) == 1)
        steps = np.array([step for step, _ in pairs], dtype=np.int64)
        first = np.searchsorted(steps, np.arange(len(self._step_ids) + 1))
        return first, np.array([term for _, term in pairs], dtype=np.int32)

    @cached_property
    def _long_terms(self) -> list[int]:
        return [i for i, pattern in enumerate(self._patterns) if len(pattern) > 1]


def covered(start: np.ndarray, end: np.ndarray, n_tokens: int) -> np.ndarray:
    """Mark the tokens inside any of the spans, bool of shape (n_tokens,)."""
    edges = np.zeros(n_tokens + 1, dtype=np.int64)
    np.add.at(edges, start, 1)
    np.add.at(edges, end, -1)
    inside: np.ndarray = np.cumsum(edges[:-1]) > 0
    return inside


def _follow(
    start: np.ndarray, end: np.ndarray, candidates: np.ndarray, gap: int
) -> tuple[np.ndarray, np.ndarray]:
    """Extend each span to the nearest candidate position at most `gap` tokens further on."""
    if not len(candidates):
        return start[:0], end[:0]
    nearest = np.searchsorted(candidates, end, side="right")
    reachable = nearest < len(candidates)
    start, end, nearest = start[reachable], end[reachable], nearest[reachable]
    following = candidates[nearest]
    near = following - end <= gap + 1
    return start[near], following[near]


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
