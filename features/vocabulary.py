"""The features a model knows, and how the contexts of a batch map onto them."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from .columns import numbers, strings, to_numpy
from .contexts import FAMILIES, GROUND, OTHER, Contexts, make_key, split_key
from .terms import TermTable

CUE_PLACES: Final = ("", "<", ">")
_WITH_STEM: Final = tuple(FAMILIES.index(f) for f in ("word", "before", "after", "bigram"))
_STEM_FAMILIES: Final = frozenset(FAMILIES[i] for i in _WITH_STEM)
_EMPTY: Final = -1
_BIGRAM: Final = FAMILIES.index("bigram")


@dataclass(frozen=True)
class Vocabulary:
    """Known features in the order of their keys.

    Attributes
    ----------
    stems : list of str
        Known stems; the index is the id in the keys. The first two are the masks.
    keys : ndarray of int64, shape (n_features,)
        Ascending.
    idf : ndarray of float64, shape (n_features,)
        For features made of stems ``ln((1 + n) / (1 + df)) + 1``, as in scikit-learn's
        ``TfidfTransformer``, divided by its value for the rarest, so that those weigh 1; 1 for the other
        families, whose frequency says little about their worth.
    """

    stems: list[str]
    keys: np.ndarray
    idf: np.ndarray

    @classmethod
    def fit(cls, contexts: Contexts, *, families: Sequence[str], min_df: int) -> "Vocabulary":
        """Keep the features of the given families that occur in at least `min_df` contexts."""
        family, _, _ = split_key(contexts.entry_key)
        wanted = np.isin(family, [FAMILIES.index(f) for f in families])
        n = len(contexts.row)
        keys, inverse = np.unique(contexts.entry_key[wanted], return_inverse=True)
        pairs = np.unique(inverse * np.int64(n) + contexts.entry_context[wanted])
        df = np.bincount(pairs // n, minlength=len(keys))
        kept = df >= min_df
        keys, df = keys[kept], df[kept]
        idf = (np.log((1 + n) / (1 + df)) + 1) / (np.log((1 + n) / (1 + min_df)) + 1)
        idf[~np.isin(split_key(keys)[0], _WITH_STEM)] = 1.0
        return cls._compact(contexts.stems, keys, idf)

    @classmethod
    def _compact(cls, stems: list[str], keys: np.ndarray, idf: np.ndarray) -> "Vocabulary":
        """Renumber the used stems by the alphabet, so that equal data give equal keys."""
        family, first, second = split_key(keys)
        with_stem = np.isin(family, _WITH_STEM)
        used = np.union1d(first[with_stem], second[family == _BIGRAM])
        names = [GROUND, OTHER, *sorted(stems[i] for i in used if i >= 2)]
        index = {name: i for i, name in enumerate(names)}
        renumber = np.array([index.get(name, -1) for name in stems], dtype=np.int64)
        first = np.where(with_stem, renumber[np.where(with_stem, first, 0)], first)
        second = np.where(
            family == _BIGRAM, renumber[np.where(family == _BIGRAM, second, 0)], second
        )
        keys = make_key(family, first, second)
        order = np.argsort(keys)
        return cls(names, keys[order], idf[order])

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def stem_ids(self) -> dict[str, int]:
        """Id of each known stem."""
        return {name: i for i, name in enumerate(self.stems)}

    def encode(self, contexts: Contexts) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Look up the feature occurrences of contexts built with this vocabulary's `stem_ids`.

        An occurrence has the value ``idf / sqrt(m)``, where m is the number of known occurrences of
        its family in the same context: long and short sentences weigh alike, and no
        family drowns another.

        Returns
        -------
        context, feature : ndarray of int64, shape (n_known,)
        value : ndarray of float64, shape (n_known,)
        token : ndarray of int64, shape (n_known,)
        """
        feature = self._find(contexts.entry_key)
        known = feature >= 0
        feature, context = feature[known], contexts.entry_context[known]
        group = context * len(FAMILIES) + self._family[feature]
        count = np.bincount(group, minlength=1)
        value = self.idf[feature] / np.sqrt(count)[group]
        return context, feature, value, contexts.entry_token[known]

    def _find(self, keys: np.ndarray) -> np.ndarray:
        """Return the index of each key, -1 where it is unknown: a hash table with linear probing."""
        slot_keys, slot_features, bits = self._slots
        result = np.full(len(keys), -1, dtype=np.int32)
        slot, open_ = _hash(keys, bits), np.arange(len(keys))
        while len(open_):
            found = slot_keys[slot]
            hit = found == keys
            result[open_[hit]] = slot_features[slot[hit]]
            # An empty slot ends the search; another key sends it one slot on.
            on = ~hit & (found != _EMPTY)
            keys, open_, slot = keys[on], open_[on], (slot[on] + 1) & ((1 << bits) - 1)
        return result

    @cached_property
    def _slots(self) -> tuple[np.ndarray, np.ndarray, int]:
        bits = max(4, len(self.keys).bit_length() + 2)
        slot_keys = np.full(1 << bits, _EMPTY, dtype=np.int64)
        slot_features = np.zeros(1 << bits, dtype=np.int32)
        waiting, slot = np.arange(len(self.keys)), _hash(self.keys, bits)
        while len(waiting):
            free = slot_keys[slot] == _EMPTY
            slot_keys[slot[free]] = self.keys[waiting[free]]
            slot_features[slot[free]] = waiting[free]
            # Of several keys sent to one slot the last has stayed.
            on = slot_keys[slot] != self.keys[waiting]
            waiting, slot = waiting[on], (slot[on] + 1) & ((1 << bits) - 1)
        return slot_keys, slot_features, bits

    @cached_property
    def _family(self) -> np.ndarray:
        return split_key(self.keys)[0]

    def words(
        self, grounds: TermTable, cues: TermTable, which: np.ndarray | slice = slice(None)
    ) -> list[tuple[str, str, str]]:
        """Return family, first and second part of features in words."""
        family, first, second = split_key(self.keys[which])
        stems, kinds, themes = self.stems, cues.groups, grounds.groups
        rows = []
        for f, a, b in zip(family.tolist(), first.tolist(), second.tolist(), strict=True):
            match FAMILIES[f]:
                case "bigram":
                    parts = (stems[a], stems[b])
                case "cue":
                    parts = (kinds[a // 3], CUE_PLACES[a % 3])
                case "cue_pair":
                    parts = (kinds[a], kinds[b])
                case "cue_theme":
                    parts = (kinds[a], themes[b])
                case "ground":
                    parts = (grounds.terms[a].text, grounds.terms[a].group)
                case "theme":
                    parts = (themes[a], "")
                case _:
                    parts = (stems[a], "")
            rows.append((FAMILIES[f], *parts))
        return rows

    def names(
        self, grounds: TermTable, cues: TermTable, which: np.ndarray | slice = slice(None)
    ) -> list[str]:
        """Return one readable name a feature, ``family=first second``."""
        return [f"{f}={a} {b}".rstrip() for f, a, b in self.words(grounds, cues, which)]

    def to_table(self, grounds: TermTable, cues: TermTable) -> pa.Table:
        """Return the features in words: the columns family, first, second and idf."""
        rows = self.words(grounds, cues)
        columns = {
            name: strings([row[i] for row in rows])
            for i, name in enumerate(("family", "first", "second"))
        }
        return pa.table({**columns, "idf": numbers(self.idf)})

    @classmethod
    def from_table(
        cls, table: pa.Table, grounds: TermTable, cues: TermTable
    ) -> tuple["Vocabulary", np.ndarray]:
        """Undo `to_table`; return also the row of the table each feature comes from."""
        families, firsts, seconds = (table[c].to_pylist() for c in ("family", "first", "second"))
        family = _places(families, FAMILIES)
        with_stem = np.isin(family, _WITH_STEM)
        used = {w for w, f in zip(firsts, families, strict=True) if f in _STEM_FAMILIES}
        used.update(w for w, f in zip(seconds, families, strict=True) if f == "bigram")
        stems = [GROUND, OTHER, *sorted(used - {GROUND, OTHER})]
        kinds, themes = cues.groups, grounds.groups
        terms = [(t.text, t.group) for t in grounds.terms]
        is_ = {name: family == i for i, name in enumerate(FAMILIES)}
        first_kind = _places(firsts, kinds)
        a = np.select(
            [with_stem, is_["cue"], is_["cue_pair"] | is_["cue_theme"], is_["ground"]],
            [
                _places(firsts, stems),
                first_kind * 3 + _places(seconds, CUE_PLACES),
                first_kind,
                _places(zip(firsts, seconds, strict=True), terms),
            ],
            _places(firsts, themes),
        )
        b = np.select(
            [is_["bigram"], is_["cue_pair"], is_["cue_theme"]],
            [_places(seconds, stems), _places(seconds, kinds), _places(seconds, themes)],
            0,
        )
        keys = make_key(family, a, b)
        order = np.argsort(keys)
        return cls(stems, keys[order], to_numpy(table["idf"])[order]), order


def _hash(keys: np.ndarray, bits: int) -> np.ndarray:
    """Mix keys into so many bits (Fibonacci hashing; Knuth, volume 3, 6.4)."""
    mixed = keys.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(64 - bits)).view(np.int64)


def _places(values: Iterable[Hashable], names: Iterable[Hashable]) -> np.ndarray:
    """Return the place of each value among the names, 0 where it is none of them."""
    index = {name: i for i, name in enumerate(names)}
    return np.array([index.get(value, 0) for value in values], dtype=np.int64)
