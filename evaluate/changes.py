"""Changes of a sentence that must not change its labels, and damage that should rarely do so.

All are deterministic: what a sentence becomes depends on the sentence alone.
"""

import random
import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from .exchange import exchange

Change = Callable[[str], str]

_AMERICAN: Final = MappingProxyType(
    {
        "rumour": "rumor", "rumours": "rumors", "neighbour": "neighbor", "neighbourhood":
        "neighborhood", "labour": "labor", "behaviour": "behavior", "colour": "color",
        "colours": "colors", "favour": "favor", "honour": "honor", "harbour": "harbor",
        "licence": "license", "licences": "licenses", "defence": "defense", "offence":
        "offense", "offences": "offenses", "programme": "program", "programmes": "programs",
        "centre": "center", "centres": "centers", "theatre": "theater", "theatres": "theaters",
        "labelled": "labeled", "labelling": "labeling", "cancelled": "canceled", "cancelling":
        "canceling", "cheque": "check", "cheques": "checks", "apologise": "apologize",
        "apologised": "apologized", "organise": "organize", "organised": "organized",
        "organisation": "organization", "organisations": "organizations", "recognise":
        "recognize", "recognised": "recognized", "criticise": "criticize", "criticised":
        "criticized", "unauthorised": "unauthorized", "authorise": "authorize", "grey": "gray",
        "catalogue": "catalog", "dialogue": "dialog", "paedophile": "pedophile", "travelled":
        "traveled", "jewellery": "jewelry", "pyjamas": "pajamas", "sceptical": "skeptical",
        "moustache": "mustache", "tyre": "tire", "tyres": "tires",
    }
)  # fmt: skip
_LOOKALIKES: Final = MappingProxyType(
    {"l": "1", "O": "0", "o": "0", "m": "rn", "e": "c", "i": "l", "S": "5", "h": "b", "t": "l"}
)
OCR_SHARE: Final = 0.02
"""Share of look-alike characters that are misread: that of a fair scan of newsprint."""
WORDS_PER_TYPO: Final = 8


def _other_spelling(text: str) -> str:
    def put(match: re.Match[str]) -> str:
        word = _AMERICAN.get(match[0].lower(), match[0])
        return word.capitalize() if match[0][0].isupper() else word

    text = re.sub(r"[A-Za-z]+", put, text)
    return re.sub(r"\bper cent\b", "percent", text)


def _other_quotes(text: str) -> str:
    text = re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text)
    return text.replace("'", "\u2019")


def _typos(text: str) -> str:
    """Swap two neighbouring letters inside one word in `WORDS_PER_TYPO`, at least in one."""
    chance = random.Random(text)
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    for i in chance.sample(long, min(len(long), max(1, round(len(words) / WORDS_PER_TYPO)))):
        word = words[i]
        at = chance.randrange(1, len(word) - 2)
        words[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def _ocr(text: str) -> str:
    """Misread characters as a scanner does, at least one."""
    chance = random.Random(text)
    at = [i for i, c in enumerate(text) if c in _LOOKALIKES]
    misread = set(chance.sample(at, min(len(at), max(1, round(len(at) * OCR_SHARE)))))
    return "".join(_LOOKALIKES[c] if i in misread else c for i, c in enumerate(text))


def _other_numbers(text: str) -> str:
    return re.sub(r"\d+", lambda m: str(int(m[0]) * 7 + 3), text)


INVARIANCE: Final[Mapping[str, Change]] = MappingProxyType(
    {
        "people": partial(exchange, kinds=("person",)),
        "places": partial(exchange, kinds=("country", "city")),
        "outlets and platforms": partial(exchange, kinds=("outlet", "platform")),
        "days and months": partial(exchange, kinds=("day", "month")),
        "numbers": _other_numbers,
        "spelling": _other_spelling,
        "quotes": _other_quotes,
        "in quotation marks": lambda text: f"\u201c{text}\u201d",
        "lower case": str.lower,
        "white space": lambda text: text.replace(" ", "\u00a0  "),
        "no full stop": lambda text: text.rstrip("."),
        "attribution": lambda text: f"{text.rstrip('.')}, a spokeswoman said on Monday.",
    }
)
"""Changes that must not matter."""

DAMAGE: Final[Mapping[str, Change]] = MappingProxyType(
    {
        "all capitals": str.upper,
        "no punctuation": lambda text: " ".join(re.sub(r"[^\w\s'-]", " ", text).split()),
        "typos": _typos,
        "OCR noise": _ocr,
    }
)
"""What happens to text on its way into an archive; it should rarely matter."""

CHANGES: Final[Mapping[str, Change]] = MappingProxyType({**INVARIANCE, **DAMAGE})
