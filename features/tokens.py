"""A column of text -> integer token codes, without a Python loop over sentences or tokens."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import Stemmer

from .columns import coded, take, text_offsets, trimmed
from .normalise import american, normalise_column

NUMBER: Final = "0"
"""The word every run of digits becomes, so that figures cannot be learned."""

PLATFORM: Final = "<platform>"
PLATFORMS: Final = frozenset(
    (
        "baidu", "bilibili", "bluesky", "bytedance", "clubhouse", "dailymotion", "discord",
        "douyin", "facebook", "gab", "google", "imgur", "instagram", "kakao", "kakaotalk",
        "koo", "kuaishou", "linkedin", "mastodon", "naver", "odnoklassniki", "parler",
        "pinterest", "quora", "reddit", "sharechat", "sina", "skype", "snapchat",
        "substack", "telegram", "tencent", "tiktok", "truecaller", "tumblr", "twitch",
        "twitter", "viber", "vimeo", "vk", "vkontakte", "wechat", "weibo", "whatsapp",
        "yahoo", "yandex", "youtube", "zalo",
    )
)  # fmt: skip
"""Names that all have the stem `PLATFORM`: which company it is must not decide."""


MAX_WORDS: Final = 1 << 18
"""Distinct words remembered at a time; an archive has more than memory should hold."""

_BLANK: Final = ord(" ")
_WORD_BYTES: Final = bytes(
    byte if byte >= 0x80 or chr(byte).isalnum() else _BLANK for byte in bytes(range(256)).lower()
)
"""What each byte becomes: lower case, and a blank unless it is one of a word."""


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


@dataclass(frozen=True, slots=True)
class Words:
    """Where the words of a column of sentences stand.

    Attributes
    ----------
    column : pyarrow.StringArray of shape (n_sentences,)
        Normalised; every byte that is none of a word is a blank.
    starts : ndarray of int32, shape (n_words,)
        Where each word begins, in bytes from the beginning of the column.
    offsets : ndarray of int64, shape (n_sentences + 1,)
        Sentence i owns ``starts[offsets[i]:offsets[i + 1]]``.
    """

    column: pa.StringArray
    starts: np.ndarray
    offsets: np.ndarray

    def data(self) -> np.ndarray:
        """Return the bytes of the column, uint8."""
        buffer = self.column.buffers()[2]
        return np.frombuffer(buffer or b"", dtype=np.uint8)

    def select(self, rows: np.ndarray) -> "Words":
        """Return the words of some sentences, given by ascending row numbers."""
        column = take(self.column, rows)
        count = self.offsets[rows + 1] - self.offsets[rows]
        offsets = np.concatenate(([0], np.cumsum(count)))
        word = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], count)
        moved = text_offsets(column)[:-1] - text_offsets(self.column)[rows]
        return Words(column, self.starts[word] + np.repeat(moved, count), offsets)


def split_words(texts: pa.StringArray) -> Words:
    """Find the words of every text: maximal runs of letters and digits after normalising.

    The whole column is handled as one byte buffer: what is no word byte is blanked, and words start
    where a word byte follows a blank.

    Parameters
    ----------
    texts : pyarrow.StringArray of shape (n,)
        Without nulls.
    """
    column = normalise_column(texts, _WORD_BYTES)
    bounds = text_offsets(column)
    is_word = np.frombuffer(column.buffers()[2] or b"", dtype=np.uint8) != _BLANK
    is_start = is_word.copy()
    is_start[1:] &= ~is_word[:-1]
    # A sentence that begins with a word byte starts a word there whatever precedes it in the buffer.
    first = bounds[:-1][bounds[:-1] < bounds[1:]]
    is_start[first] = is_word[first]
    starts = np.flatnonzero(is_start).astype(np.int32)
    return Words(column, starts, np.searchsorted(starts, bounds).astype(np.int64))


def encode(words: Words) -> Tokens:
    """Return the words as numbers of the distinct ones.

    Words are dictionary-encoded where they stand, each with the blanks behind it, which are trimmed
    from the distinct ones only.
    """
    data, starts = words.data(), words.starts
    if not len(starts):
        return Tokens([], np.empty(0, np.int32), words.offsets)
    bounds = np.append(starts, np.int32(len(data)))
    padded = pa.StringArray.from_buffers(len(starts), pa.py_buffer(bounds), pa.py_buffer(data))
    code, distinct = coded(padded)
    number, whole = coded(trimmed(distinct))
    return Tokens(whole.to_pylist(), number.take(code), words.offsets)


def tokenise(texts: pa.StringArray) -> Tokens:
    """Split every text into words and number the distinct ones."""
    return encode(split_words(texts))


_STEMMER: Final = Stemmer.Stemmer("english")


@lru_cache(maxsize=MAX_WORDS)
def stem(word: str) -> str:
    """Return the stem of a normalised word; every number has the same stem.

    Spelling is made American first, then the Snowball English stemmer (Porter 2) applies.

    >>> stem("rumours"), stem("organising"), stem("2014"), stem("telegram")
    ('rumor', 'organ', '0', '<platform>')
    """
    if word.isdigit():
        return NUMBER
    if word in PLATFORMS:
        return PLATFORM
    return str(_STEMMER.stemWord(american(word)))
