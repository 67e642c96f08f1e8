"""Words that fit the same steps of a table of terms are of one kind: what is known of each kind."""

from collections.abc import Callable
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from .lexicon import PerWord


class Kinds(NamedTuple):
    """What the kinds of words begin and fit.

    Attributes
    ----------
    fits : ndarray of bool, shape (n_kinds, n_steps)
    begun : ndarray of int32
        The terms that begin with a word of each kind, ascending, one kind after another.
    first_begun, n_begun : ndarray of int64, shape (n_kinds,)
        Where in `begun` those of each kind are, and how many.
    marks, needs : ndarray of int64, shape (n_kinds,)
        Bits for the steps that a kind fits, and for the second steps of the terms that it begins; a term
        of one step needs `NOTHING`, the highest. Several steps share a bit.
    """

    fits: np.ndarray
    begun: np.ndarray
    first_begun: np.ndarray
    n_begun: np.ndarray
    marks: np.ndarray
    needs: np.ndarray


_N_MARKS: Final = 62
NOTHING: Final = 1 << _N_MARKS


class WordKinds:
    """The words that a table has met. Those that fit the same steps are of one kind.

    Parameters
    ----------
    steps_of_word : callable
    patterns : list of list
        The steps of each term, see `TermTable`.
    n_steps : int
    """

    def __init__(
        self,
        steps_of_word: Callable[[str], tuple[int, ...]],
        patterns: list[list[tuple[int, bool]]],
        n_steps: int,
    ) -> None:
        self._steps_of_word = steps_of_word
        self._terms_from: list[list[int]] = [[] for _ in range(n_steps)]
        self._marks = 1 << np.arange(n_steps) % _N_MARKS
        self._needs = np.zeros(n_steps, dtype=np.int64)
        for term, pattern in enumerate(patterns):
            step = pattern[0][0]
            self._terms_from[step].append(term)
            self._needs[step] |= self._marks[pattern[1][0]] if len(pattern) > 1 else NOTHING
        self._kind_of_steps: dict[tuple[int, ...], int] = {}
        self._kind_of_word = PerWord(self._find_kind)
        self._kinds = self._described()
        self._known = self._begins = np.empty(0, dtype=bool)
        self._lock = Lock()

    def look_up(self, words: list[str]) -> tuple[np.ndarray, np.ndarray, Kinds]:
        """Return what is known of words, and of their kinds.

        Returns
        -------
        kind : ndarray of int32, shape (n_words,)
        begins : ndarray of bool, shape (n_words,)
            Whether a term begins with the word.
        kinds : Kinds
        """
        # Threads may label with one model, and what is described must hold every kind that is returned.
        with self._lock:
            kind = self._kind_of_word(words)
            if len(self._kind_of_steps) > len(self._kinds.n_begun):
                self._kinds = self._described()
            if kind is not self._known:
                self._known, self._begins = kind, (self._kinds.n_begun > 0).take(kind)
            return kind, self._begins, self._kinds

    def _find_kind(self, word: str) -> int:
        return self._kind_of_steps.setdefault(self._steps_of_word(word), len(self._kind_of_steps))

    def _described(self) -> Kinds:
        fits = np.zeros((len(self._kind_of_steps), len(self._terms_from)), dtype=bool)
        begun: list[int] = []
        bounds = [0]
        for kind, steps in enumerate(self._kind_of_steps):
            fits[kind, list(steps)] = True
            begun += sorted(t for step in steps for t in self._terms_from[step])
            bounds.append(len(begun))
        first = np.array(bounds, dtype=np.int64)
        marks, needs = (
            np.bitwise_or.reduce(np.where(fits, of_step, 0), axis=1)
            for of_step in (self._marks, self._needs)
        )
        return Kinds(
            fits, np.array(begun, dtype=np.int32), first[:-1], np.diff(first), marks, needs
        )
