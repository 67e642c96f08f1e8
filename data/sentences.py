"""Article text -> sentences with exact offsets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from sentencex import get_sentence_boundaries, segment

MAX_SENTENCE: Final = 2000
"""Longest sentence in characters; what is longer is cut at a space."""

_LINE: Final = re.compile(r"[^\r\n\u2028\u2029]+")
_FURNITURE: Final = re.compile(
    r"""(?ix) ^\s* (?:
      more\ about (?:\s+\w+){0,3} | advertisement | sponsored\ content
    | recommended\ (?:for\ you|stories) | also\ read\s*: .{0,120}
    | (?:read|see|watch)\ (?:more|also|next)\s* (?: : .{0,120})?
    | related\ (?:articles?|stories|topics|news)\s*:?
    | share\ (?:this\ (?:article|story|page|post)|on\ \w+|via\ \w+)
    | (?:click|tap)\ here\b .{0,80} | skip\ to\ (?:main\ )?content
    | purchase\ this\ article\b .{0,60} | (?:buy|order)\ (?:reprints?|a\ licen[cs]e)\b .{0,60}
    | (?:sign\ up|subscribe|log\ in|register) (?:\ (?:now|here|today))?
    | (?:sign\ up|subscribe)\ (?:to|for)\ .{0,60} \b(?:newsletters?|briefing|alerts|updates|inbox)\b .{0,40}
    | by\ signing\ up\b .{0,200} | your\ daily\ .{0,60}\ inbox
    | (?:get|have)\ .{0,60}\ (?:delivered\ )?(?:straight\ )?to\ your\ inbox\.?
    | follow\ us\ on\b .{0,60} | (?:copyright\b|\(c\)|©) .{0,120} | all\ rights\ reserved\.?
    | (?:this\ site\ uses|we\ use)\ cookies\b .{0,200} | most\ (?:read|popular|viewed)
    | (?:photo|image|picture)(?:\ (?:credit|courtesy))?\s*: .{0,80}
    | \d+\ (?:comments?|shares?|min(?:ute)?s?\ read)
    ) \s* $"""
)


class Sentence(NamedTuple):
    """A sentence and its place: ``article[start:end] == text`` (characters, end exclusive)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """What `split_article` made of a text.

    Attributes
    ----------
    sentences : tuple of Sentence
        In the order of the text, without empty ones.
    dropped : tuple of Sentence
        Lines that plainly are page furniture ("Sign up ...", "Read more ...", a headline
        printed twice), left out of the sentences.
    """

    sentences: tuple[Sentence, ...]
    dropped: tuple[Sentence, ...]


def split_article(text: str, *, keep_furniture: bool = False) -> Article:
    """Split an article into sentences, line by line.

    A line break always ends a sentence; within a line the Wikimedia rules of ``sentencex`` for English
    apply. A line is dropped only as a whole, when it consists of a known phrase of page
    furniture or repeats the line before it.

    Parameters
    ----------
    text : str
    keep_furniture : bool
        Drop nothing.

    Returns
    -------
    Article
    """
    if not text.isascii():
        # JSON can hold half a character, which UTF-8 and the rules of sentencex cannot.
        text = text.encode(errors="replace").decode()
    sentences: list[Sentence] = []
    dropped: list[Sentence] = []
    previous = ""
    for line in _LINE.finditer(text):
        content = line.group().strip()
        if not content:
            continue
        if not keep_furniture and (content == previous or _FURNITURE.match(content)):
            start = line.start() + line.group().index(content)
            dropped.append(Sentence(start, start + len(content), content))
            continue
        previous = content
        for start, piece in _pieces(line.group()):
            sentences.extend(_trimmed(line.start() + start, piece))
    return Article(tuple(sentences), tuple(dropped))


def _pieces(line: str) -> Iterator[tuple[int, str]]:
    """Yield where each sentence of a line begins, in characters, and its text."""
    pieces = segment("en", line)
    # The texts alone come at half the price of those with their bounds, and tell them if none is missing.
    if "".join(pieces) == line:
        return zip(accumulate(map(len, pieces), initial=0), pieces, strict=False)
    bounds = [(b["start_index"], b["end_index"]) for b in get_sentence_boundaries("en", line)]
    return ((start, line[start:end]) for start, end in bounds)


def _trimmed(start: int, text: str) -> Iterator[Sentence]:
    """Strip white space; cut what is longer than `MAX_SENTENCE` at spaces."""
    while True:
        kept = text.lstrip()
        start += len(text) - len(kept)
        text, kept = kept, kept.rstrip()
        if len(kept) > MAX_SENTENCE:
            space = text.rfind(" ", 0, MAX_SENTENCE)
            kept = text[: space if space > 0 else MAX_SENTENCE].rstrip()
        if not kept:
            return
        yield Sentence(start, start + len(kept), kept)
        start, text = start + len(kept), text[len(kept) :]
