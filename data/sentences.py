"""Article text -> sentences with exact offsets."""

import re
from dataclasses import dataclass
from typing import Final

from sentencex import get_sentence_boundaries

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


@dataclass(frozen=True, slots=True)
class Sentence:
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
        for start, end in _boundaries(line.group()):
            sentences.extend(_trimmed(text, line.start() + start, line.start() + end))
    return Article(tuple(sentences), tuple(dropped))


def _boundaries(line: str) -> list[tuple[int, int]]:
    """Return the bounds of the sentences of one line, in characters."""
    if line.isspace():
        return []
    return [(b["start_index"], b["end_index"]) for b in get_sentence_boundaries("en", line)]


def _trimmed(text: str, start: int, end: int) -> list[Sentence]:
    """Strip white space; cut what is longer than `MAX_SENTENCE` at spaces."""
    pieces = []
    while start < end:
        while start < end and text[start].isspace():
            start += 1
        stop = end
        if end - start > MAX_SENTENCE:
            space = text.rfind(" ", start, start + MAX_SENTENCE)
            stop = space if space > start else start + MAX_SENTENCE
        last = stop
        while last > start and text[last - 1].isspace():
            last -= 1
        if last > start:
            pieces.append(Sentence(start, last, text[start:last]))
        start = stop
    return pieces
