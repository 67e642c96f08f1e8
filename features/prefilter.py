"""Which sentences can mention a ground at all, told by how their words begin.

Most sentences of an archive mention no ground. Of every term one word is chosen, and the first letters of
every word of the column are looked up among the beginnings of those: it may let through too much, never
too little.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Final

import numpy as np

from .columns import text_offsets
from .normalise import american
from .terms import TermTable
from .tokens import PLATFORM, PLATFORMS, Tokens, Words, stem

# The rules of `normalise.american`, read backwards.
_EITHER_SPELLING: Final = (
    (re.compile("or"), ("or", "our")),
    (re.compile("z"), ("z", "s")),
    (re.compile("ens"), ("ens", "enc")),
    (re.compile("ter$"), ("ter", "tre")),
    (re.compile("ber$"), ("ber", "bre")),
    (re.compile("^pedo"), ("pedo", "paedo")),
    (re.compile("^check"), ("check", "cheque")),
)
_LENGTHS: Final = (8, 7, 6, 5, 4, 3, 2, 1)
"""Beginnings are cut to one of these lengths, in bytes; a word is read as one 64-bit number."""
_FIRST: Final = 3
_BLANKS: Final = np.uint64(int.from_bytes(b" " * 8, "little"))
_BITS: Final = 16


def rarest_steps(table: TermTable, tokens: Tokens) -> np.ndarray:
    """Return for each term the step whose beginnings are rarest in some text.

    Parameters
    ----------
    table : TermTable
    tokens : Tokens
        Of the text, for instance the training sentences.

    Returns
    -------
    ndarray of int32, shape (n_terms,)
    """
    counts: Counter[bytes] = Counter()
    for word, count in zip(tokens.words, np.bincount(tokens.codes).tolist(), strict=True):
        whole = f"{word} ".encode()
        for length in _LENGTHS:
            if length <= len(whole):
                counts[whole[:length]] += count
    chosen = []
    for steps in table.steps():
        costs = [
            sum(counts[_cut(b)] for b in set(beginnings_of_step(alternatives)))
            for alternatives, _ in steps
        ]
        chosen.append(int(np.argmin(costs)))
    return np.array(chosen, dtype=np.int32)


class Prefilter:
    """Selects the sentences of a column that may mention a term of a table.

    Parameters
    ----------
    table : TermTable
    anchors : ndarray of int32, shape (n_terms,)
        The step of each term that is looked for, see `rarest_steps`.
    """

    def __init__(self, table: TermTable, anchors: np.ndarray) -> None:
        chosen: dict[int, set[bytes]] = {length: set() for length in _LENGTHS}
        for term, steps, anchor in zip(table.terms, table.steps(), anchors, strict=True):
            # Exceptions only take mentions away: without them too much is let through, not too little.
            if not term.is_exception:
                for beginning in map(_cut, beginnings_of_step(steps[anchor][0])):
                    chosen[len(beginning)].add(beginning)
        self._first = _slots({b[:_FIRST] for known in chosen.values() for b in known}, _FIRST)
        self._second = [(n, _slots(known, n)) for n, known in chosen.items() if known]

    def keep(self, words: Words) -> np.ndarray:
        """Return the numbers of the sentences that may mention a term, int64, ascending."""
        letters = _first_letters(words)
        # Most words end here; only the others are looked up at every length.
        place = np.flatnonzero(self._first.take(_hash(letters, _FIRST)))
        letters = letters.take(place)
        hit = np.zeros(len(place), dtype=bool)
        for length, slots in self._second:
            hit |= slots.take(_hash(letters, length))
        row = np.searchsorted(words.offsets, place[hit], side="right") - 1
        new = np.ones(len(row), dtype=bool)
        new[1:] = row[1:] != row[:-1]
        return row[new]


def _first_letters(words: Words) -> np.ndarray:
    """Return the first eight bytes of every word as a number, and what follows a shorter word."""
    data = np.concatenate((words.data(), np.full(8, ord(" "), dtype=np.uint8)))
    windows = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data.data, strides=(1,))
    letters: np.ndarray = windows[words.starts]
    # The last word of a sentence is followed by blanks, not by the next sentence.
    last = words.offsets[1:][words.offsets[1:] > words.offsets[:-1]] - 1
    ends = text_offsets(words.column)[1:][words.offsets[1:] > words.offsets[:-1]]
    room = ends - words.starts[last]
    last, room = last[room < 8], room[room < 8].astype(np.uint64)
    own = (np.uint64(1) << np.uint64(8) * room) - np.uint64(1)
    letters[last] = letters[last] & own | _BLANKS & ~own
    return letters


def _hash(letters: np.ndarray, length: int) -> np.ndarray:
    """Mix the first `length` bytes into `_BITS` bits (Fibonacci hashing; Knuth, volume 3, 6.4)."""
    kept = letters << np.uint64(64 - 8 * length)
    mixed = (kept * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _BITS)
    return mixed.view(np.int64)


def _slots(beginnings: set[bytes], length: int) -> np.ndarray:
    """Return a table that is true at the hash of every beginning, bool of shape (2**_BITS,)."""
    slots = np.zeros(1 << _BITS, dtype=bool)
    for beginning in beginnings:
        # What is shorter is followed by anything.
        missing = 8 * max(0, length - len(beginning))
        rest = np.arange(1 << missing, dtype=np.uint64) << np.uint64(8 * length - missing)
        slots[_hash(int.from_bytes(beginning[:length], "little") + rest, length)] = True
    return slots


def _cut(beginning: bytes) -> bytes:
    """Shorten a beginning to one of `_LENGTHS`."""
    return beginning[: next(n for n in _LENGTHS if n <= len(beginning))]


def beginnings_of_step(alternatives: frozenset[str]) -> list[bytes]:
    """Return how every word can begin that matches one of the alternatives of a step.

    The word is followed by a blank; spellings are those before `normalise.american`.
    """
    return [b for atom in sorted(alternatives) for b in _beginnings_of(atom)]


def _beginnings_of(atom: str) -> Iterator[bytes]:
    if atom.startswith("="):
        yield f"{atom[1:]} ".encode()
        return
    if atom.isdigit():
        # All numbers have one stem.
        yield from (digit.encode() for digit in "0123456789")
        return
    word = american(atom.removesuffix("*"))
    if not atom.endswith("*"):
        if stem(word) == PLATFORM:
            yield from (f"{name} ".encode() for name in sorted(PLATFORMS))
            return
        if len(word) == 1 and word not in "aeiou":
            # No suffix is taken from what has no vowel.
            yield f"{word} ".encode()
            return
        word = _common_start(word, stem(word))
        if word.endswith("ie"):
            # "lying" has the stem of "lie".
            yield f"{word[:-2]}y".encode()
        # The stemmer exchanges and restores these letters: "trading" has the stem of "trade".
        if len(word) > 1 and word[-1] in "eiy":
            word = word[:-1]
    spellings = [word]
    for pattern, either in _EITHER_SPELLING:
        spellings = [s for spelling in spellings for s in _variants(spelling, pattern, either)]
    yield from (spelling.encode() for spelling in spellings)


def _variants(spelling: str, pattern: re.Pattern[str], either: tuple[str, str]) -> Iterator[str]:
    parts = pattern.split(spelling)
    for chosen in product(either, repeat=len(parts) - 1):
        yield "".join(a + b for a, b in zip(parts, (*chosen, ""), strict=True))


def _common_start(a: str, b: str) -> str:
    length = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    return a[: min(len(a), len(b)) if length is None else length]
