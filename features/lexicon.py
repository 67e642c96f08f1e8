"""Words met before, so that each is looked into once however many batches it occurs in."""

from collections.abc import Callable
from itertools import repeat
from threading import Lock
from typing import Final

import numpy as np

MAX_WORDS: Final = 1 << 18
"""About as many distinct words are remembered; an archive has more than memory should hold."""


class Lexicon:
    """Numbers words in the order in which they are first met.

    Threads may share one. When it is full it starts again with a list of its own, so that whoever still
    works with the former one is not disturbed.
    """

    def __init__(self) -> None:
        self._words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._lock = Lock()

    def number(self, words: list[str]) -> tuple[np.ndarray, list[str]]:
        """Return the number of each word, int32 of shape (n_words,), and the words by number.

        Parameters
        ----------
        words : list of str
            No word twice.

        Returns
        -------
        numbers : ndarray of int32, shape (n_words,)
        words : list of str
            All that were met since it last began again; the list grows with later calls.
        """
        with self._lock:
            if len(self._words) > MAX_WORDS:
                self._words, self._numbers = [], {}
            numbers = np.fromiter(map(self._numbers.get, words, repeat(-1)), np.int32, len(words))
            new = np.flatnonzero(numbers < 0)
            numbers[new] = np.arange(len(self._words), len(self._words) + len(new))
            for place, number in zip(new.tolist(), numbers[new].tolist(), strict=True):
                self._numbers[words[place]] = number
                self._words.append(words[place])
            return numbers, self._words


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
