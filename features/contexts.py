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
cue_pair  two kinds of cue in order, at most `PAIR_REACH` words apart
cue_theme a kind of cue together with the theme in question
ground    the term of the ground table that was found
theme     the theme in question
========= ==========================================================================
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .terms import Spans, TermTable, covered
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
GROUND: Final = "<ground>"
OTHER: Final = "<other>"

_FAMILY_SHIFT: Final = 56
_ID_SHIFT: Final = 24
_ID_MASK: Final = (1 << _ID_SHIFT) - 1


@dataclass(frozen=True, slots=True)
class Contexts:
    """The masked contexts of a column of sentences.

    Attributes
    ----------
    row, theme : ndarray of int64, shape (n_contexts,)
        The sentence and the theme of each context, sorted by row, then theme.
    entry_context : ndarray of int64, shape (n_entries,)
        For each feature occurrence, its context.
    entry_key : ndarray of int64, shape (n_entries,)
        Its key: the family in the upper bits, then one or two ids (see `decode`).
    entry_token : ndarray of int64, shape (n_entries,)
        The token it comes from, for explanations (-1: none).
    stems : list of str
        What the word ids of the keys stand for, in this batch only.
    """

    row: np.ndarray
    theme: np.ndarray
    entry_context: np.ndarray
    entry_key: np.ndarray
    entry_token: np.ndarray
    stems: list[str]


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
    stem_ids: dict[str, int] | None = None,
) -> Contexts:
    """Collect the features of every (sentence, mentioned ground).

    Parameters
    ----------
    tokens : Tokens
        Of the whole column.
    mentions : Spans
        Where terms of `grounds` occur.
    grounds, cues : TermTable
    stem_ids : dict, optional
        Known stems and their ids (0 and 1 are the masks); stems outside it are left out of the features.
        Without it every stem gets an id, in order of first appearance.

    Returns
    -------
    Contexts
    """
    theme_of_mention = grounds.group_of_term[mentions.term].astype(np.int64)
    n_groups = len(grounds.groups)
    pair_key, pair_of_mention = np.unique(
        mentions.row * n_groups + theme_of_mention, return_inverse=True
    )
    row, theme = pair_key // n_groups, pair_key % n_groups
    n = len(row)

    stem_of_word, names = _stem_codes(tokens.words, stem_ids)

    # Every context gets its own copy of the tokens of its sentence.
    row_start = tokens.offsets[row]
    length = tokens.offsets[row + 1] - row_start
    own_start = np.concatenate(([0], np.cumsum(length)))
    context = np.repeat(np.arange(n), length)
    token = np.arange(own_start[-1]) - own_start[context] + row_start[context]

    is_other = covered(mentions.start, mentions.end, len(tokens.codes))[token]
    is_ground = _own_cover(mentions, pair_of_mention, own_start, row_start, len(token))
    ids = stem_of_word[tokens.codes[token]]
    ids[is_other] = 1
    ids[is_ground] = 0

    # A mention of several words leaves one mask.
    masked = is_other | is_ground
    repeated = np.zeros(len(ids), dtype=bool)
    repeated[1:] = masked[1:] & (ids[1:] == ids[:-1]) & (context[1:] == context[:-1])
    kept = ~repeated
    position_of_token = np.cumsum(kept) - 1
    ids_kept, context_kept, token_kept = ids[kept], context[kept], token[kept]
    side = _side(ids_kept == 0, context_kept)

    contexts, keys, origins = [], [], []

    def add(family: str, where: np.ndarray, key: np.ndarray, origin: np.ndarray) -> None:
        contexts.append(where)
        keys.append(make_key(FAMILIES.index(family), key))
        origins.append(origin)

    known = ids_kept >= 0
    plain = ids_kept >= 2
    add("word", context_kept[plain], ids_kept[plain], token_kept[plain])
    for family, sign in (("before", -1), ("after", 1)):
        near = plain & (side == sign)
        add(family, context_kept[near], ids_kept[near], token_kept[near])
    both = known[:-1] & known[1:] & (context_kept[:-1] == context_kept[1:])
    contexts.append(context_kept[:-1][both])
    keys.append(make_key(FAMILIES.index("bigram"), ids_kept[:-1][both], ids_kept[1:][both]))
    origins.append(token_kept[:-1][both])

    found = cues.find(tokens)
    cue_context, cue_span = _per_context(found.row, row, len(tokens.offsets) - 1)
    cue_at = found.start[cue_span] - row_start[cue_context] + own_start[cue_context]
    free = ~is_ground[cue_at]
    cue_context, cue_at, cue_span = cue_context[free], cue_at[free], cue_span[free]
    kind = cues.group_of_term[found.term[cue_span]].astype(np.int64)
    place = position_of_token[cue_at]
    # One kind counts once a place: "posts" is found by several terms of one kind. The pairs are
    # nearly sorted, which a stable sort makes use of and np.unique does not.
    pair = np.sort((place << 8) | kind, kind="stable")
    new = np.ones(len(pair), dtype=bool)
    new[1:] = pair[1:] != pair[:-1]
    place, kind = pair[new] >> 8, pair[new] & 255
    cue_context, cue_token = context_kept[place], token_kept[place]
    add("cue", cue_context, kind * 3, cue_token)
    cue_side = side[place]
    near = cue_side != 0
    add(
        "cue",
        cue_context[near],
        kind[near] * 3 + np.where(cue_side[near] < 0, 1, 2),
        cue_token[near],
    )
    contexts.append(cue_context)
    keys.append(make_key(FAMILIES.index("cue_theme"), kind, theme[cue_context]))
    origins.append(cue_token)
    for lag in range(1, _PAIR_LAGS + 1):
        first, second = slice(None, -lag), slice(lag, None)
        near = (cue_context[first] == cue_context[second]) & (
            place[second] - place[first] <= PAIR_REACH
        )
        contexts.append(cue_context[first][near])
        keys.append(make_key(FAMILIES.index("cue_pair"), kind[first][near], kind[second][near]))
        origins.append(cue_token[first][near])
    add("ground", pair_of_mention, mentions.term.astype(np.int64), mentions.start)
    add("theme", np.arange(n), theme, np.full(n, -1))

    return Contexts(
        row, theme, np.concatenate(contexts), np.concatenate(keys), np.concatenate(origins), names
    )


def _stem_codes(words: list[str], stem_ids: dict[str, int] | None) -> tuple[np.ndarray, list[str]]:
    """Return the stem id of each distinct word (-1: unknown) and the stems by id."""
    if stem_ids is None:
        stem_ids = {GROUND: 0, OTHER: 1}
        for word in words:
            stem_ids.setdefault(stem(word), len(stem_ids))
    codes = np.fromiter(
        (stem_ids.get(stem(w), -1) for w in words), dtype=np.int64, count=len(words)
    )
    return codes, list(stem_ids)


def _own_cover(
    mentions: Spans,
    pair_of_mention: np.ndarray,
    own_start: np.ndarray,
    row_start: np.ndarray,
    n_tokens: int,
) -> np.ndarray:
    """Mark, in the copies of the contexts, the tokens of the context's own ground."""
    shift = own_start[pair_of_mention] - row_start[pair_of_mention]
    return covered(mentions.start + shift, mentions.end + shift, n_tokens)


def _side(is_ground: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Return -1 near before a mention, 1 near after one (nearer or equal), else 0."""
    n = len(is_ground)
    index = np.arange(n)
    far = np.int64(-(1 << 40))
    last = np.maximum.accumulate(np.where(is_ground, index, far))
    following = np.minimum.accumulate(np.where(is_ground, index, -far)[::-1])[::-1]
    # A mention in a neighbouring context is no mention.
    behind = np.where(
        (last >= 0) & (context[np.clip(last, 0, n - 1)] == context), index - last, -far
    )
    ahead = np.where(
        (following < n) & (context[np.clip(following, 0, n - 1)] == context),
        following - index,
        -far,
    )
    side = np.where(behind <= ahead, 1, -1)
    return np.where(~is_ground & (np.minimum(behind, ahead) <= NEAR), side, 0)


def _per_context(
    span_row: np.ndarray, context_row: np.ndarray, n_rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pair every context with every span of its sentence; spans are sorted by row."""
    bounds = np.searchsorted(span_row, np.arange(n_rows + 1))
    first, last = bounds[context_row], bounds[context_row + 1]
    count = last - first
    context = np.repeat(np.arange(len(context_row)), count)
    rank = np.arange(len(context)) - np.repeat(np.cumsum(count) - count, count)
    return context, first[context] + rank
