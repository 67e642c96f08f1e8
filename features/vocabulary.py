"""The features a model knows, and how the contexts of a batch map onto them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from .columns import coded, numbers, strings, to_numpy
from .contexts import FAMILIES, GROUND, OTHER, Contexts, Stems, make_key, split_key
from .lookup import PairLookup
from .terms import TermTable

CUE_PLACES: Final = ("", "<", ">")
_WITH_STEM: Final = tuple(FAMILIES.index(f) for f in ("word", "before", "after", "bigram"))
_BIGRAM: Final = FAMILIES.index("bigram")
_OF_PAIRS: Final = (_BIGRAM, FAMILIES.index("cue_pair"), FAMILIES.index("cue_theme"))


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
        context, key = contexts.keys()
        wanted = np.isin(split_key(key)[0], [FAMILIES.index(f) for f in families])
        n = len(contexts.row)
        keys, inverse = np.unique(key[wanted], return_inverse=True)
        pairs = np.unique(inverse * np.int64(n) + context[wanted])
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

    def __getstate__(self) -> dict[str, Any]:
        # What has been worked out of the fields stays behind.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def stem_ids(self) -> Stems:
        """Ids of the stems of words, those of the keys."""
        return Stems(self.stems)

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
        contexts_, features, tokens = [], [], []
        for block in contexts.blocks:
            feature = self._lookups[block.family].find(block.first, block.second)
            known = np.flatnonzero(feature >= 0)
            contexts_.append(block.context[known])
            features.append(feature[known])
            tokens.append(block.token[known])
        context, feature = np.concatenate(contexts_), np.concatenate(features)
        group = context * len(FAMILIES) + self._family[feature]
        count = np.bincount(group, minlength=1)
        value = self.idf[feature] / np.sqrt(count)[group]
        return context, feature, value, np.concatenate(tokens)

    def weights(self, coef: np.ndarray) -> list[PairLookup]:
        """Return what each occurrence of a feature adds, by family, for `weigh`.

        Parameters
        ----------
        coef : ndarray of float64, shape (n_features,)

        Returns
        -------
        list of PairLookup
            Of complex numbers: the imaginary part counts the known occurrences.
        """
        return self._by_family(coef * self.idf + 1j, 0)

    @cached_property
    def _lookups(self) -> list[PairLookup]:
        """The places of features, by family."""
        return self._by_family(np.arange(len(self), dtype=np.int32), -1)

    def _by_family(self, values: np.ndarray, missing: int) -> list[PairLookup]:
        _, first, second = split_key(self.keys)
        bounds = np.searchsorted(self._family, np.arange(len(FAMILIES) + 1)).tolist()
        return [
            PairLookup(first[a:b], second[a:b] if f in _OF_PAIRS else None, values[a:b], missing)
            for f, (a, b) in enumerate(pairwise(bounds))
        ]

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
        (family, families), (first, firsts), (second, seconds) = (
            _coded(table[name]) for name in ("family", "first", "second")
        )
        family = _places(families, FAMILIES)[family]
        is_ = {name: family == i for i, name in enumerate(FAMILIES)}
        with_stem = is_["word"] | is_["before"] | is_["after"] | is_["bigram"]
        used = _used(firsts, first[with_stem]) | _used(seconds, second[is_["bigram"]])
        stems = [GROUND, OTHER, *sorted(used - {GROUND, OTHER})]
        kinds, themes = cues.groups, grounds.groups
        term_ids = {(t.text, t.group): i for i, t in enumerate(grounds.terms)}
        terms = np.zeros(len(family), dtype=np.int64)
        for row in np.flatnonzero(is_["ground"]).tolist():
            terms[row] = term_ids[firsts[first[row]], seconds[second[row]]]
        first_kind = _places(firsts, kinds)[first]
        a = np.select(
            [with_stem, is_["cue"], is_["cue_pair"] | is_["cue_theme"], is_["ground"]],
            [
                _places(firsts, stems)[first],
                first_kind * 3 + _places(seconds, CUE_PLACES)[second],
                first_kind,
                terms,
            ],
            _places(firsts, themes)[first],
        )
        b = np.select(
            [is_["bigram"], is_["cue_pair"], is_["cue_theme"]],
            [_places(seconds, names)[second] for names in (stems, kinds, themes)],
            0,
        )
        keys = make_key(family, a, b)
        order = np.argsort(keys)
        return cls(stems, keys[order], to_numpy(table["idf"])[order]), order


def _coded(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Return for each value its place among the distinct ones, and those."""
    places, distinct = coded(column.combine_chunks())
    return places, distinct.to_pylist()


def _used(names: list[str], places: np.ndarray) -> set[str]:
    return {names[place] for place in np.flatnonzero(np.bincount(places)).tolist()}


def _places(values: list[str], names: Sequence[str]) -> np.ndarray:
    """Return the place of each value among the names, 0 where it is none of them."""
    index = {name: i for i, name in enumerate(names)}
    return np.array([index.get(value, 0) for value in values], dtype=np.int64)


def weigh(contexts: Contexts, weights: Sequence[PairLookup]) -> np.ndarray:
    """Sum the values of `Vocabulary.encode`, each times the coefficient of its feature, by context.

    The same occurrences are looked up, but none is listed.

    Parameters
    ----------
    contexts : Contexts
    weights : sequence of PairLookup
        See `Vocabulary.weights`.

    Returns
    -------
    ndarray of float64, shape (n_contexts,)
    """
    # Of each family the sum of what its features add and, as the imaginary part, how many there are.
    sums = np.zeros((len(FAMILIES), len(contexts.row)), dtype=np.complex128)
    context = starts = own = np.empty(0, dtype=np.int64)
    for family, blocks in groupby(contexts.blocks, key=attrgetter("family")):
        first, *others = blocks
        if not len(first.context):
            continue
        if first.context is not context:
            context = first.context
            starts = np.append(0, np.flatnonzero(context[1:] != context[:-1]) + 1)
            own = context.take(starts)
        found = weights[family].find(first.first, first.second)
        for block in others:
            found += weights[family].find(block.first, block.second)
        sums[family, own] = np.add.reduceat(found, starts)
    total = np.zeros(len(contexts.row))
    # One by one, so that a sentence gets the same bits in any company.
    for family in sums:
        total += family.real / np.sqrt(np.maximum(family.imag, 1))
    return total
