"""Unicode and spelling: what two writings of one word have in common.

Text is normalised as a column (Arrow kernels, no Python loop); spelling is normalised once per
distinct word.
"""

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_INVISIBLE: Final = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
_NOT_WORD: Final = r"[^\p{L}\p{N}\x00-\x7f]"


def _blank_seconds(allowed: str) -> np.ndarray:
    """Return which last UTF-8 bytes, of characters that share the others, become a space."""
    table = np.zeros(256, dtype=bool)
    table[[character.encode()[-1] for character in allowed]] = True
    return table


# The punctuation that keeps news from being ASCII. Blanked where it stands, in the bytes: it spares
# nine rows of ten the way through the regular expressions below, which give the same.
_LATIN_SIGNS: Final = _blank_seconds("\u00a0¡¢£¤¥¦§©«¬®°±¶·»¿")
_GENERAL_SIGNS: Final = _blank_seconds(
    "".join(map(chr, (*range(0x2000, 0x200B), *range(0x2010, 0x202A), *range(0x202F, 0x2040))))
)

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


def normalise_column(texts: pa.StringArray) -> pa.StringArray:
    """Bring a column of text to one writing: lower case, no accents, plain punctuation.

    Full-width forms and ligatures are folded (NFKD), accents and invisible characters removed, and
    every character that is neither a letter, a digit nor ASCII becomes a space.

    Parameters
    ----------
    texts : pyarrow.StringArray of shape (n,)
        Without nulls.

    Returns
    -------
    pyarrow.StringArray of shape (n,)
    """
    if len(texts) == 0:
        return texts
    texts = _blank_signs(texts)
    ascii_rows = pc.string_is_ascii(texts)
    if ascii_rows.true_count == len(texts):
        return pc.ascii_lower(texts)
    lowered = pc.ascii_lower(texts)
    wild = pc.filter(texts, pc.invert(ascii_rows))
    wild = pc.replace_substring_regex(wild, _INVISIBLE, "")
    # Decomposing lets accents be dropped; all text is compared in this form, so none is recomposed.
    wild = pc.utf8_lower(pc.utf8_normalize(wild, "NFKD"))
    wild = pc.replace_substring_regex(wild, r"\p{Mn}", "")
    wild = pc.replace_substring_regex(wild, _NOT_WORD, " ")
    return pc.replace_with_mask(lowered, pc.invert(ascii_rows), wild)


def _blank_signs(texts: pa.StringArray) -> pa.StringArray:
    """Replace dashes, curly quotation marks and the like by as many spaces as they have bytes."""
    _, offsets, data = texts.buffers()
    if data is None:
        return texts
    raw = np.frombuffer(data, dtype=np.uint8)
    two = np.flatnonzero(raw[:-1] == 0xC2)
    two = two[_LATIN_SIGNS[raw[two + 1]]]
    three = np.flatnonzero(raw[:-2] == 0xE2)
    three = three[(raw[three + 1] == 0x80) & _GENERAL_SIGNS[raw[three + 2]]]
    if not len(two) and not len(three):
        return texts
    blanked = raw.copy()
    for first, length in ((two, 2), (three, 3)):
        for place in range(length):
            blanked[first + place] = ord(" ")
    return pa.StringArray.from_buffers(
        len(texts), offsets, pa.py_buffer(blanked), offset=texts.offset
    )


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
