"""Words met before, so that each is looked into once however many batches it occurs in."""

from collections.abc import Callable
from itertools import repeat
from threading import Lock
from typing import Final

import numpy as np
import pyarrow as pa

from .columns import coded, strings, trimmed

MAX_WORDS: Final = 1 << 18
"""About as many distinct words are remembered; an archive has more than memory should hold."""
MAX_WRITINGS: Final = 1 << 15
"""As many writings of words are shown to Arrow before it numbers those of a column."""
_WORTH_SHOWING: Final = 4
"""A column has at least so many words for each that is shown, or showing them costs more than it spares."""


class Lexicon:
    """Numbers words in the order in which they are first met.

    Threads may share one. When it is full it starts again with a list of its own, so that whoever still
    works with the former one is not disturbed.

    Arrow finds the distinct words of a column. The writings met before are shown to it first, so that their
    places are known and Python need only look at the others.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._begin()

    def _begin(self) -> None:
        self._words: list[str] = []
        self._numbers: dict[str, int] = {}
        # Words as they were written, the blanks behind them included, and the number of each.
        self._writings = strings([])
        self._number_of_writing = np.empty(0, dtype=np.int64)

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
            if len(self._words) > MAX_WORDS:
                self._begin()
            words, numbers = self._words, self._numbers
            writings, number_of_writing = self._writings, self._number_of_writing
        if len(column) < _WORTH_SHOWING * len(writings):
            writings, number_of_writing = writings[:0], number_of_writing[:0]
        place, writings = coded(column, writings)
        others = trimmed(writings[len(number_of_writing) :]).to_pylist()
        with self._lock:
            found = np.fromiter(map(numbers.get, others, repeat(-1)), np.int64, len(others))
            for new in np.flatnonzero(found < 0).tolist():
                word = others[new]
                found[new] = numbers.setdefault(word, len(words))
                if found[new] == len(words):
                    words.append(word)
            number_of_writing = np.concatenate((number_of_writing, found))
            if words is self._words and len(writings) > len(self._writings):
                self._writings = writings[:MAX_WRITINGS]
                self._number_of_writing = number_of_writing[:MAX_WRITINGS]
        return number_of_writing.take(place), words


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
