"""A column of text -> integer token codes, without a Python loop over sentences or tokens."""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import Stemmer

from .columns import text_offsets
from .lexicon import Lexicon
from .normalise import MAX_RECENT, american, normalise_column

NUMBER: Final = "0"
"""The stem of every run of digits, so that figures cannot be learned."""

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


_BLANK: Final = ord(" ")
_WORD_BYTES: Final = bytes(
    byte if byte >= 0x80 or chr(byte).isalnum() else _BLANK for byte in bytes(range(256)).lower()
)
"""What each byte becomes: lower case, and a blank unless it is one of a word."""


class Tokens(NamedTuple):
    """The tokens of a column of sentences.

    Attributes
    ----------
    words : list of str
        The distinct words, normalised; with a lexicon all that it holds.
    codes : ndarray of int64, shape (n_tokens,)
        For each token of the column, its index in `words`.
    offsets : ndarray of int64, shape (n_sentences + 1,)
        Sentence i owns ``codes[offsets[i]:offsets[i + 1]]``.
    """

    words: list[str]
    codes: np.ndarray
    offsets: np.ndarray


def tokenise(texts: pa.StringArray, lexicon: Lexicon | None = None) -> Tokens:
    """Split every text into words, maximal runs of letters and digits after normalising, and number them.

    The whole column is handled as one byte buffer: what is no word byte is blanked, and words start
    where a word byte follows a blank. They are encoded where they stand, each with the blanks behind it.

    Parameters
    ----------
    texts : pyarrow.StringArray of shape (n,)
        Without nulls.
    lexicon : Lexicon, optional
        Gives the numbers, the same in every batch; without it they are those of this column alone.
    """
    column = normalise_column(texts, _WORD_BYTES)
    data = np.frombuffer(column.buffers()[2] or b"", dtype=np.uint8)
    bounds = text_offsets(column)
    starts = _word_starts(data, bounds)
    ends = np.append(starts, np.int32(len(data)))
    padded = pa.StringArray.from_buffers(len(starts), pa.py_buffer(ends), pa.py_buffer(data))
    codes, words = (lexicon or Lexicon()).encode(padded)
    return Tokens(words, codes, np.searchsorted(starts, bounds).astype(np.int64))


def _word_starts(data: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Return where words start, int32: at a word byte after a blank, or where a text begins with one."""
    is_word = data != _BLANK
    is_start = is_word.copy()
    is_start[1:] &= ~is_word[:-1]
    first = bounds[:-1][bounds[:-1] < bounds[1:]]
    is_start[first] = is_word[first]
    return np.flatnonzero(is_start).astype(np.int32)


_STEMMER: Final = Stemmer.Stemmer("english")


@lru_cache(maxsize=MAX_RECENT)
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
