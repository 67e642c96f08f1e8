"""One context for each (sentence, mentioned ground): what stands around the mention.

The mention itself is masked, so that one classifier, shared by all themes, can learn how control of
information is reported whatever the ground. Features come in families:

========= ==========================================================================
word      a stem anywhere in the sentence
before,   a stem within `NEAR` words before or after a mention of the ground
after
bigram    two stems in a row, masks included
cue       a kind of cue (``remove``, ``channel``, ...) anywhere; with ``<`` or ``>``
          when it stands near a mention, before or after it
cue_pair  two kinds of cue in order, at most `PAIR_REACH` words apart and the second one of
          the next six; a word that is of two kinds makes a pair, too
cue_theme a kind of cue together with the theme in question
ground    the term of the ground table that was found
theme     the theme in question
========= ==========================================================================
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from .lexicon import PerWord
from .ranges import ranges
from .terms import Spans, TermTable
from .tokens import Tokens, stem

FAMILIES: Final[tuple[str, ...]] = (
    "word",
    "before",
    "after",
    "bigram",
    "cue",
    "cue_pair",
    "cue_theme",
    "ground",
    "theme",
)
NEAR: Final = 5
PAIR_REACH: Final = 8
_PAIR_LAGS: Final = 6
_KIND_BITS: Final = 12
MAX_KINDS: Final = 1 << _KIND_BITS
"""So many kinds of cue a table may have."""
GROUND: Final = "<ground>"
OTHER: Final = "<other>"
UNKNOWN: Final = -1
"""Id of a stem outside the vocabulary, and of what stands where there is nothing to name."""

_FAMILY_SHIFT: Final = 56
_ID_SHIFT: Final = 24
_ID_MASK: Final = (1 << _ID_SHIFT) - 1


class Block(NamedTuple):
    """Occurrences of features of one family, in the order of their contexts.

    Attributes
    ----------
    family : int
        Index in `FAMILIES`.
    context, token : ndarray of int64, shape (n,)
        The context of each, ascending, and the token it comes from, for explanations (-1: none).
    first, second : ndarray of int, shape (n,)
        The ids each is made of (`second` may be None); one with an `UNKNOWN` id does not count.
    """

    family: int
    context: np.ndarray
    token: np.ndarray
    first: np.ndarray
    second: np.ndarray | None = None


class Contexts(NamedTuple):
    """The masked contexts of a column of sentences.

    Attributes
    ----------
    row, theme : ndarray of int64, shape (n_contexts,)
        The sentence and the theme of each context, sorted by row, then theme.
    blocks : tuple of Block
        The occurrences of features. A family may have several, one behind the other, which then
        have one and the same array `context`.
    stems : list of str
        What the ids of stems stand for, in this batch only.
    """

    row: np.ndarray
    theme: np.ndarray
    blocks: tuple[Block, ...]
    stems: list[str]

    def keys(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the context and the key of every occurrence that counts, each int64."""
        contexts, keys = [], []
        for block in self.blocks:
            second = np.zeros(1, np.int64) if block.second is None else block.second
            known = (block.first != UNKNOWN) & (second != UNKNOWN)
            contexts.append(block.context[known])
            keys.append(make_key(block.family, block.first, second)[known])
        return np.concatenate(contexts), np.concatenate(keys)


class Stems:
    """Ids of the stems of words; 0 and 1 are the masks.

    Parameters
    ----------
    names : list of str, optional
        The known stems, by id; the others are `UNKNOWN`. Without it every stem gets an id, in order of
        first appearance.
    """

    def __init__(self, names: list[str] | None = None) -> None:
        self.names = names or [GROUND, OTHER]
        self._grows = names is None
        self._ids = {name: i for i, name in enumerate(self.names)}
        self.of_words: Final = PerWord(self._of_word)
        """From a list of words to the id of the stem of each, int32 of shape (n_words,)."""

    def _of_word(self, word: str) -> int:
        name = stem(word)
        if self._grows and name not in self._ids:
            self._ids[name] = len(self.names)
            self.names.append(name)
        return self._ids.get(name, UNKNOWN)


def make_key(
    family: int | np.ndarray, first: np.ndarray | int, second: np.ndarray | int = 0
) -> np.ndarray:
    """Pack a family and two ids (each below 2**24) into int64 keys."""
    family = np.asarray(family, dtype=np.int64)
    first = np.asarray(first, dtype=np.int64)
    return np.asarray((family << _FAMILY_SHIFT) | (first << _ID_SHIFT) | second, dtype=np.int64)


def split_key(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Undo `make_key`: families, first ids and second ids."""
    return keys >> _FAMILY_SHIFT, (keys >> _ID_SHIFT) & _ID_MASK, keys & _ID_MASK


def build_contexts(
    tokens: Tokens,
    mentions: Spans,
    grounds: TermTable,
    cues: TermTable,
    stems: Stems,
) -> Contexts:
    """Collect the features of every (sentence, mentioned ground).

    Parameters
    ----------
    tokens : Tokens
        Of the whole column.
    mentions : Spans
        Where terms of `grounds` occur.
    grounds, cues : TermTable
    stems : Stems

    Returns
    -------
    Contexts
    """
    n_groups = len(grounds.groups)
    pair = mentions.row * n_groups + grounds.group_of_term[mentions.term]
    by_context = np.argsort(pair, kind="stable")
    new = np.ones(len(pair), dtype=bool)
    new[1:] = np.diff(pair[by_context]) > 0
    pair_of_mention = np.empty_like(pair)
    pair_of_mention[by_context] = np.cumsum(new) - 1
    row, theme = np.divmod(pair[by_context[new]], n_groups)
    stem_of_word = stems.of_words(tokens.words)
    line = _line_up(tokens, mentions, row, pair_of_mention, stem_of_word)
    blocks = (
        *_stem_blocks(line),
        *_cue_blocks(line, cues.find(tokens, row), cues.group_of_term, theme),
        _block(
            "ground",
            pair_of_mention[by_context],
            mentions.start[by_context],
            mentions.term[by_context],
        ),
        _block("theme", np.arange(len(row)), np.full(len(row), -1), theme),
    )
    return Contexts(row, theme, blocks, stems.names)


def _block(
    family: str,
    context: np.ndarray,
    token: np.ndarray,
    first: np.ndarray,
    second: np.ndarray | None = None,
) -> Block:
    return Block(FAMILIES.index(family), context, token, first, second)


class _Line(NamedTuple):
    """The sentences of all contexts in one line, mentions masked.

    Every context has its own copies of the tokens of its sentence. Of the copies a mention covers, only
    the first keeps a place in the line.

    Attributes
    ----------
    row : ndarray of int64, shape (n_contexts,)
    shift : ndarray of int64, shape (n_contexts,)
        Number of a token less that of its copy.
    mask : ndarray of uint8, shape (n_copies,)
        `_OWN` for the ground of the context, `_OTHERS` for another one, else 0.
    place : ndarray of int64, shape (n_copies,)
        Where in the line each copy stands, or the mask that stands for it.
    ids : ndarray of int32, shape (n_places,)
        Stems; 0 and 1 are the masks.
    context, token : ndarray of int64, shape (n_places,)
    side : ndarray of int8, shape (n_places,)
        -1 near before a mention, 1 near after one (nearer or equal), else 0.
    last : ndarray of int64, shape (n_contexts,)
        The last place of each context.
    """

    row: np.ndarray
    shift: np.ndarray
    mask: np.ndarray
    place: np.ndarray
    ids: np.ndarray
    context: np.ndarray
    token: np.ndarray
    side: np.ndarray
    last: np.ndarray


_OTHERS: Final = 1
_OWN: Final = 2


def _line_up(
    tokens: Tokens,
    mentions: Spans,
    row: np.ndarray,
    pair_of_mention: np.ndarray,
    stem_of_word: np.ndarray,
) -> _Line:
    row_start = tokens.offsets[row]
    length = tokens.offsets[row + 1] - row_start
    end = np.cumsum(length)
    shift = row_start - (end - length)
    mask = _mask(mentions, row, pair_of_mention, shift, int(length.sum()))
    kept = np.ones(len(mask), dtype=bool)
    kept[1:] = (mask[1:] == 0) | (mask[1:] != mask[:-1])
    kept[end - length] = True

    place = np.cumsum(kept) - 1
    copy = np.flatnonzero(kept)
    context = np.repeat(np.arange(len(row)), length).take(copy)
    token = copy + shift.take(context)
    ids = stem_of_word.take(tokens.codes.take(token))
    mask_in_line = mask.take(copy)
    masked = np.flatnonzero(mask_in_line != 0)
    ids[masked] = _OWN - mask_in_line[masked]
    last = place[end - 1]
    side = _side(np.flatnonzero(mask_in_line == _OWN), context, last)
    return _Line(row, shift, mask, place, ids, context, token, side, last)


def _mask(
    mentions: Spans, row: np.ndarray, pair_of_mention: np.ndarray, shift: np.ndarray, n_copies: int
) -> np.ndarray:
    """Return what covers each copy of a token, see `_Line`."""
    mask = np.zeros(n_copies, dtype=np.uint8)
    context, mention = _per_context(mentions.row, row)
    own = pair_of_mention[mention] == context
    # Where mentions overlap, the one of the context's own ground counts.
    for kind, which in ((_OTHERS, ~own), (_OWN, own)):
        shifts, spans = shift[context[which]], mention[which]
        mask[_inside(mentions.start[spans] - shifts, mentions.end[spans] - shifts)] = kind
    return mask


def _inside(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the numbers from each start up to its end, one range after another."""
    return ranges(start, end - start)[0]


def _side(grounds: np.ndarray, context: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return for each place on which side of the nearest mention it stands, see `_Line`."""
    side = np.zeros(len(context), dtype=np.int8)
    own = context[grounds]
    first = np.concatenate(([0], last + 1))[own]
    before, after = grounds - first, last[own] - grounds
    # From far to near: what is written last stays.
    for distance in range(NEAR, 0, -1):
        side[grounds[before >= distance] - distance] = -1
        side[grounds[after >= distance] + distance] = 1
    side[grounds] = 0
    return side


def _stem_blocks(line: _Line) -> list[Block]:
    words = np.where(line.ids < 2, UNKNOWN, line.ids)
    following = np.full_like(line.ids, UNKNOWN)
    following[:-1] = line.ids[1:]
    following[line.last] = UNKNOWN
    blocks = [
        _block("word", line.context, line.token, words),
        _block("bigram", line.context, line.token, line.ids, following),
    ]
    for family, side in (("before", -1), ("after", 1)):
        near = np.flatnonzero(line.side == side)
        blocks.append(
            _block(family, line.context.take(near), line.token.take(near), words.take(near))
        )
    return blocks


def _cue_blocks(
    line: _Line, found: Spans, kind_of_term: np.ndarray, theme: np.ndarray
) -> list[Block]:
    context, span = _per_context(found.row, line.row)
    copy = found.start.take(span) - line.shift.take(context)
    free = np.flatnonzero(line.mask.take(copy) != _OWN)
    # One kind counts once a place: "posts" is found by several terms of one kind. The pairs are
    # nearly sorted, which a stable sort makes use of and np.unique does not.
    pair = np.sort(
        line.place.take(copy.take(free)) << _KIND_BITS
        | kind_of_term.take(found.term.take(span.take(free))),
        kind="stable",
    )
    new = np.ones(len(pair), dtype=bool)
    new[1:] = pair[1:] != pair[:-1]
    pair = pair[new]
    place, kind = pair >> _KIND_BITS, (pair & MAX_KINDS - 1).astype(np.int16)
    context, token, side = (a.take(place) for a in (line.context, line.token, line.side))
    near = np.where(side == 0, UNKNOWN, kind * 3 + np.where(side > 0, 2, 1))
    return [
        _block("cue", context, token, kind * 3),
        _block("cue", context, token, near),
        _block("cue_theme", context, token, kind, theme.take(context)),
        *(
            _block("cue_pair", context, token, kind, following)
            for following in _next_kinds(kind, place + PAIR_REACH * context)
        ),
    ]


def _next_kinds(kind: np.ndarray, place: np.ndarray) -> Iterator[np.ndarray]:
    """Yield, for the next cue of each and those behind it, the kind when it is in reach."""
    for lag in range(1, _PAIR_LAGS + 1):
        following = np.full(len(kind), UNKNOWN, dtype=kind.dtype)
        close = place[lag:] - place[:-lag] <= PAIR_REACH
        np.copyto(following[:-lag], kind[lag:], where=close)
        yield following


def _per_context(span_row: np.ndarray, context_row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair every context with every span of its sentence; spans are sorted by row."""
    if not len(context_row):
        return context_row, context_row
    count_of_row = np.bincount(span_row, minlength=int(context_row[-1]) + 1)
    count = count_of_row[context_row]
    first = (np.cumsum(count_of_row) - count_of_row)[context_row]
    span, context = ranges(first, count)
    return context, span
