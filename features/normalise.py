"""Unicode and spelling: what two writings of one word have in common.

Text is normalised as a column, without a Python loop over texts; spelling is normalised once per
distinct word.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa

from .columns import coded, replace_where, strings, take, text_offsets

_INVISIBLE: Final = frozenset(
    chr(code)
    for first, last in (
        (0xAD, 0xAD),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x2064),
        (0xFEFF, 0xFEFF),
    )
    for code in range(first, last + 1)
)
MAX_RECENT: Final = 1 << 14
"""So many words are kept as spelled and stemmed: those of a batch, which several tables look into. What a
table finds in them is remembered by the table (`lexicon.PerWord`)."""
_LOWER_CASE: Final = bytes(range(256)).lower()


class _PlainCharacters(dict[int, str]):
    """What each character beyond ASCII becomes; worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = ""
        if character not in _INVISIBLE:
            # Decomposing lets accents be dropped; all text is compared in this form, so none is
            # recomposed, and the characters of a text do not depend on one another.
            for part in unicodedata.normalize("NFKD", character):
                lowered = part.lower()
                category = unicodedata.category(part)
                if category != "Mn":
                    word = part.isascii() or category[0] in "LN"
                    plain += (lowered if len(lowered) == 1 else part) if word else " "
        self[code] = plain
        return plain


_PLAIN: Final = _PlainCharacters()

# British -> American, only where the two differ inside the stem. Endings the stemmer removes
# anyway ("-ising", "-ised") are covered by the "-is" -> "-iz" rule.
_OUR: Final = (
    "arb|arm|behavi|cand|clam|col|demean|enam|endeav|fav|ferv|flav|glam|harb|hon|hum|lab"
    "|neighb|od|parl|ranc|rig|rum|sav|splend|tum|val|vap|vig"
)
_SPELLING: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(rf"^({_OUR})our"), r"\1or"),
    (re.compile(r"^(dis(?:hon|fav|col))our"), r"\1or"),
    (
        re.compile(
            r"(..[a-z](?<!prom)(?<!adv)(?<!advert)(?<!surpr)(?<!exerc)(?<!franch)(?<!telev)"
            r"(?<!superv)(?<!comprom)(?<!ra)(?<!prec)(?<!pra))"
            r"is(e|ed|es|er|ers|ing|ation|ations|ational)$"
        ),
        r"\1iz\2",
    ),
    (re.compile(r"^(def|off|lic|pret)en[cs]e"), r"\1ense"),
    (re.compile(r"^(program)me(s?)$"), r"\1\2"),
    (re.compile(r"^(cent|theat|lit|met)re(s?)$"), r"\1er\2"),
    (re.compile(r"^(catalog|dialog|analog)ue"), r"\1"),
    (re.compile(r"(ravel|abel|ancel|ignal|evel|hannel|ounsel|odel)l(ed|ing|er|ers)$"), r"\1\2"),
    (re.compile(r"^p(a)edo"), r"pedo"),
    (re.compile(r"^cheque"), r"check"),
)

_MAYBE_BRITISH: Final = re.compile(r"our|is[ea]|ising|enc|ens|mme|re$|res$|gue|ll|paedo|cheque")


def normalise_column(texts: pa.StringArray, table: bytes = _LOWER_CASE) -> pa.StringArray:
    """Bring a column of text to one writing: lower case, no accents, plain punctuation.

    Full-width forms and ligatures are folded (NFKD), accents and invisible characters removed, and
    every character that is neither a letter, a digit nor ASCII becomes a space.

    Parameters
    ----------
    texts : pyarrow.StringArray of shape (n,)
        Without nulls.
    table : bytes of length 256, optional
        What each byte becomes in the end; by default lower case.

    Returns
    -------
    pyarrow.StringArray of shape (n,)
    """
    offsets = text_offsets(texts)
    data = texts.buffers()[2] or pa.py_buffer(b"")
    data = data[int(offsets[0]) : int(offsets[-1])]
    offsets = offsets - offsets[0]
    raw = np.frombuffer(data, dtype=np.uint8)
    wild = np.flatnonzero(raw >= 0x80)
    if len(wild):
        data, offsets = _plain(data, offsets, wild)
    written = pa.py_buffer(bytes(memoryview(data)).translate(table))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), written)


def _plain(data: pa.Buffer, offsets: np.ndarray, wild: np.ndarray) -> tuple[pa.Buffer, np.ndarray]:
    """Replace the characters beyond ASCII, given where their bytes are.

    The buffer is cut into runs of ASCII and runs of others. Those others are few and often the
    same, so each distinct one is worked out once, and Arrow puts the pieces together again.
    """
    ends = np.flatnonzero(np.diff(wild) > 1)
    first = wild[np.append(0, ends + 1)]
    last = wild[np.append(ends, len(wild) - 1)]
    raw = np.frombuffer(data, dtype=np.uint8)
    is_bound = np.zeros(len(raw) + 1, dtype=bool)
    for some in (offsets, first, last + 1):
        is_bound[some] = True
    bounds = np.flatnonzero(is_bound).astype(np.int32)
    is_wild = raw[bounds[:-1]] >= 0x80
    pieces = pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), data)
    place, distinct = coded(take(pieces, np.flatnonzero(is_wild)))
    plain = strings([piece.translate(_PLAIN) for piece in distinct.to_pylist()])
    joined = replace_where(pieces, is_wild, take(plain, place))
    return joined.buffers()[2], text_offsets(joined)[np.searchsorted(bounds, offsets)]


@lru_cache(maxsize=MAX_RECENT)
def american(word: str) -> str:
    """Return the American spelling of a lower-case word, where it matters here.

    >>> [american(w) for w in ("rumour", "organised", "licence", "promise")]
    ['rumor', 'organized', 'license', 'promise']
    """
    if not _MAYBE_BRITISH.search(word):
        return word
    for pattern, replacement in _SPELLING:
        word = pattern.sub(replacement, word)
    return word
