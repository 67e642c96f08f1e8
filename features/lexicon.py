"""Words met before, so that each is looked into once however many batches it occurs in."""

from collections.abc import Callable
from itertools import repeat
from threading import Lock
from typing import Final

import numpy as np
import pyarrow as pa

from .columns import coded, strings, trimmed

MAX_WORDS: Final = 1 << 18
MAX_CHARACTERS: Final = 1 << 22
"""About as many distinct words, of so many characters in all, are remembered; an archive has more than memory
should hold."""
MAX_SPELLINGS: Final = 1 << 15
"""As many spellings of words are shown to Arrow before it numbers those of a column."""
_WORTH_SHOWING: Final = 4
"""A column has at least so many words for each that is shown, or showing them costs more than it spares."""


class Lexicon:
    """Numbers words in the order in which they are first met.

    Threads may share one. When it is full it starts again with a list of its own, so that whoever still
    works with the former one is not disturbed.

    Arrow finds the distinct words of a column. The spellings met before are shown to it first, so that their
    places are known and Python need only look at the others.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._begin()

    def _begin(self) -> None:
        self._words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._characters = 0
        # Words as they stand in a column, the white space behind them included, and their numbers.
        self._spellings = strings([])
        self._number_of_spelling = np.empty(0, dtype=np.int64)

    def encode(self, column: pa.StringArray) -> tuple[np.ndarray, list[str]]:
        """Return the numbers of words, and the words by number.

        Parameters
        ----------
        column : pyarrow.StringArray of shape (n,)
            One word each; white space may stand behind it.

        Returns
        -------
        numbers : ndarray of int64, shape (n,)
        words : list of str
            All that were met since it last began again; the list grows with later calls.
        """
        with self._lock:
            if len(self._words) > MAX_WORDS or self._characters > MAX_CHARACTERS:
                self._begin()
            words, numbers = self._words, self._numbers
            shown, number_of_spelling = self._spellings, self._number_of_spelling
        if len(column) < _WORTH_SHOWING * len(shown):
            shown, number_of_spelling = shown[:0], number_of_spelling[:0]
        place, spellings = coded(column, shown)
        others = trimmed(spellings[len(shown) :]).to_pylist()
        with self._lock:
            number_of_other = self._number(others, words, numbers)
            number_of_spelling = np.concatenate((number_of_spelling, number_of_other))
            if words is self._words:
                self._keep(spellings, number_of_spelling)
        return number_of_spelling.take(place), words

    def _number(self, some: list[str], words: list[str], numbers: dict[str, int]) -> np.ndarray:
        """Return the number of each of some words; those not met before go to the end of the list."""
        found = np.fromiter(map(numbers.get, some, repeat(-1)), np.int64, len(some))
        for new in np.flatnonzero(found < 0).tolist():
            found[new] = numbers.setdefault(some[new], len(words))
            if found[new] == len(words):
                words.append(some[new])
                self._characters += len(some[new])
        return found

    def _keep(self, spellings: pa.StringArray, number_of_spelling: np.ndarray) -> None:
        if len(spellings) > len(self._spellings) and spellings.nbytes <= MAX_CHARACTERS:
            self._spellings = spellings[:MAX_SPELLINGS]
            self._number_of_spelling = number_of_spelling[:MAX_SPELLINGS]


class PerWord:
    """One number for each word of a list, worked out when a word is new to the list.

    Parameters
    ----------
    of_word : callable
        From a word to a number that 32 bits hold.
    """

    def __init__(self, of_word: Callable[[str], int]) -> None:
        self._of_word = of_word
        self._words: list[str] = []
        self._known = np.empty(0, dtype=np.int32)
        self._lock = Lock()

    def __call__(self, words: list[str]) -> np.ndarray:
        """Return the number of each word of a list, int32; of a list seen before, only new words cost."""
        with self._lock:
            if words is not self._words:
                self._words, self._known = words, self._known[:0]
            new = words[len(self._known) :]
            if new:
                found = np.fromiter(map(self._of_word, new), np.int32, len(new))
                self._known = np.concatenate((self._known, found))
            return self._known
