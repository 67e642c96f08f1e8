"""Article text -> sentences with exact offsets."""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final, NamedTuple

from sentencex import get_sentence_boundaries, segment

MAX_SENTENCE: Final = 2000
"""Longest sentence in characters; what is longer is cut at a space."""

_LINE_BREAKS: Final = "\r\u2028\u2029"
_WIDE_SPACES: Final = (
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000"
)
"""White space beyond ASCII: before a full stop sentencex panics over it."""
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
    | (?:sign\ up|subscribe)\ (?:to|for)\ (?:our|the|a|your|free|daily|weekly)\b .{0,60}
      \b(?:newsletters?|briefing|alerts|updates|inbox)\b .{0,40}
    | by\ signing\ up\b .{0,200} | your\ daily\ .{0,60}\ inbox
    | (?:get|have)\ .{0,60}\ (?:delivered\ )?(?:straight\ )?to\ your\ inbox\.?
    | (?: © | (?:copyright|\(c\)) [\s©]* (?:\(c\)\s*)? (?=©|(?:19|20)\d\d\b) ) .{0,120}
    | follow\ us\ on\b .{0,60} | all\ rights\ reserved\.?
    | (?:this\ site\ uses|we\ use)\ cookies\b .{0,200} | most\ (?:read|popular|viewed)
    | (?:photo|image|picture)(?: \ (?:credit|courtesy)(?:\ of)?\s*:? .{0,80} | \s*: .{0,30} )
    | \d+\ (?:comments?|shares?|min(?:ute)?s?\ read)
    ) \s* $"""
)


class Passages(NamedTuple):
    """Stretches of a text, in its order.

    Lists, since an archive has too many sentences for an object each.

    Attributes
    ----------
    starts : list of int
        In characters: ``text[start : start + len(passage)] == passage``.
    texts : list of str
        Without white space around them, and none empty.
    """

    starts: list[int]
    texts: list[str]

    def add(self, start: int, text: str) -> None:
        """Append a passage."""
        self.starts.append(start)
        self.texts.append(text)


class Article(NamedTuple):
    """What `split_article` made of a text.

    Attributes
    ----------
    sentences : Passages
    dropped : Passages
        Lines that plainly are page furniture ("Sign up ...", "Read more ...", a headline
        printed twice), left out of the sentences.
    """

    sentences: Passages
    dropped: Passages


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
    for line_break in _LINE_BREAKS:
        text = text.replace(line_break, "\n")
    plain = text
    if not text.isascii():
        for space in _WIDE_SPACES:
            plain = plain.replace(space, " ")
    article = Article(Passages([], []), Passages([], []))
    previous = ""
    line_start = 0
    for line, plain_line in zip(text.split("\n"), plain.split("\n"), strict=True):
        content = line.strip()
        if content and not keep_furniture and (content == previous or _FURNITURE.match(content)):
            article.dropped.add(line_start + line.index(content), content)
        elif content:
            previous = content
            for start, piece in _pieces(plain_line):
                own = line[start : start + len(piece)] if plain is not text else piece
                _add_sentence(article.sentences, line_start + start, own)
        line_start += len(line) + 1
    return article


def _pieces(line: str) -> Iterator[tuple[int, str]]:
    """Yield where each sentence of a line begins, in characters, and its text."""
    pieces = segment("en", line)
    # The texts alone come at half the price of those with their bounds, and tell them if none is missing.
    if "".join(pieces) == line:
        return zip(accumulate(map(len, pieces), initial=0), pieces, strict=False)
    bounds = [(b["start_index"], b["end_index"]) for b in get_sentence_boundaries("en", line)]
    return ((start, line[start:end]) for start, end in bounds)


def _add_sentence(sentences: Passages, start: int, piece: str) -> None:
    """Add a piece without the white space around it; what is longer than `MAX_SENTENCE` is cut at spaces."""
    text = piece.lstrip()
    start += len(piece) - len(text)
    text = text.rstrip()
    while len(text) > MAX_SENTENCE:
        space = text.rfind(" ", 0, MAX_SENTENCE)
        cut = text[: space if space > 0 else MAX_SENTENCE].rstrip()
        sentences.add(start, cut)
        rest = text[len(cut) :].lstrip()
        start += len(text) - len(rest)
        text = rest
    if text:
        sentences.add(start, text)
