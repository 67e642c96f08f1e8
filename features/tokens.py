"""A column of text -> integer token codes, without a Python loop over sentences or tokens."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import Stemmer

from .columns import to_numpy
from .normalise import american, normalise_column

NUMBER: Final = "0"
"""The word every run of digits becomes, so that figures cannot be learned."""


def _word_byte_table() -> np.ndarray:
    """Return the 256-entry table that keeps bytes of words and turns all others into spaces."""
    table = np.full(256, ord(" "), dtype=np.uint8)
    for byte in b"abcdefghijklmnopqrstuvwxyz0123456789":
        table[byte] = byte
    table[128:] = np.arange(128, 256)
    return table


_WORD_BYTES: Final = _word_byte_table()


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a column of sentences.

    Attributes
    ----------
    words : list of str, length n_words
        The distinct words, normalised.
    codes : ndarray of int32, shape (n_tokens,)
        For each token of the column, its index in `words`.
    offsets : ndarray of int64, shape (n_sentences + 1,)
        Sentence i owns ``codes[offsets[i]:offsets[i + 1]]``.
    """

    words: list[str]
    codes: np.ndarray
    offsets: np.ndarray


def tokenise(texts: pa.StringArray) -> Tokens:
    """Split every text into words: maximal runs of letters and digits after normalising.

    The whole column is handled as one byte buffer: a table look-up blanks what is no word byte,
    word starts are where a word byte follows a blank, and the words are dictionary-encoded where
    they stand (each with the blanks behind it, which are trimmed from the distinct ones only).

    Parameters
    ----------
    texts : pyarrow.StringArray of shape (n,)
        Without nulls.

    Returns
    -------
    Tokens
    """
    column = normalise_column(texts)
    n = len(column)
    text_offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    text_offsets = text_offsets[column.offset : column.offset + n + 1]
    data = column.buffers()[2]
    if data is None or text_offsets[-1] == text_offsets[0]:
        return Tokens([], np.empty(0, np.int32), np.zeros(n + 1, np.int64))
    raw = np.frombuffer(data, dtype=np.uint8)[text_offsets[0] : text_offsets[-1]]
    text_offsets = text_offsets - text_offsets[0]
    blanked = _WORD_BYTES[raw]
    is_word = blanked != ord(" ")
    is_start = is_word.copy()
    is_start[1:] &= ~is_word[:-1]
    # A sentence that begins with a word byte starts a word there whatever precedes it in the buffer.
    first = text_offsets[:-1][text_offsets[:-1] < text_offsets[1:]]
    is_start[first] = is_word[first]
    starts = np.flatnonzero(is_start).astype(np.int32)
    offsets = np.searchsorted(starts, text_offsets).astype(np.int64)
    bounds = np.append(starts, np.int32(len(blanked)))
    padded = pa.StringArray.from_buffers(len(starts), pa.py_buffer(bounds), pa.py_buffer(blanked))
    encoded = padded.dictionary_encode()
    distinct = pc.ascii_rtrim_whitespace(encoded.dictionary).dictionary_encode()
    codes = to_numpy(distinct.indices)[to_numpy(encoded.indices)]
    return Tokens(distinct.dictionary.to_pylist(), codes, offsets)


_STEMMER: Final = Stemmer.Stemmer("english")


@lru_cache(maxsize=1 << 18)
def stem(word: str) -> str:
    """Return the stem of a normalised word; every number has the same stem.

    Spelling is made American first, then the Snowball English stemmer (Porter 2) applies.

    >>> stem("rumours"), stem("organising"), stem("2014")
    ('rumor', 'organ', '0')
    """
    if word.isdigit():
        return NUMBER
    return str(_STEMMER.stemWord(american(word)))
