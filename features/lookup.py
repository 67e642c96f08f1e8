"""Pairs of small numbers -> what is known of them, a whole array at a time."""

from typing import Final

import numpy as np

_DENSE_CELLS: Final = 1 << 16
"""Up to so many cells there is a table of them all; beyond, they are hashed."""
_FREE: Final = -1


class PairLookup:
    """Finds the values of pairs of ids.

    The pairs are cells of a rectangle with a row and a column more than are used. Ids that are too large are
    moved there; -1, as an index, counts from the end: as the first id it leads to the last row, as the
    second to the last column of the row before. So both fall into cells that are always free.

    Parameters
    ----------
    first, second : ndarray of int, shape (n,)
        Not negative; no pair twice. Without `second` (None) there are single ids instead of pairs.
    values : ndarray, shape (n,)
        What `find` returns for each pair.
    missing : scalar
        What it returns for other pairs, of the type of the values.
    """

    def __init__(
        self, first: np.ndarray, second: np.ndarray | None, values: np.ndarray, missing: complex
    ) -> None:
        self._height = int(first.max(initial=-1)) + 2
        self._width = 1 if second is None else int(second.max(initial=-1)) + 2
        self._missing = values.dtype.type(missing)
        n_cells = self._height * self._width
        self._type = np.int32 if n_cells <= np.iinfo(np.int32).max else np.int64
        cells = self._cells(first, second)
        self._dense = n_cells <= _DENSE_CELLS
        if self._dense:
            self._values = np.full(n_cells, self._missing)
            self._values[cells] = values
        else:
            self._fill(cells, values)

    def find(self, first: np.ndarray, second: np.ndarray | None) -> np.ndarray:
        """Return the value of each pair, in the shape that `first` and `second` broadcast to.

        Parameters
        ----------
        first, second : ndarray of int
            An id of -1 is unknown.
        """
        cells = self._cells(first, second)
        if self._dense:
            # A negative cell counts from the end, where all are free.
            dense: np.ndarray = self._values.take(cells, mode="wrap")
            return dense
        result = np.full(cells.shape, self._missing)
        flat = result.reshape(-1)
        cells = cells.reshape(-1)
        slot = self._hash(cells)
        # Most pairs end here, in a table that stays in the cache.
        open_ = np.flatnonzero(self._taken.take(slot))
        # The cell of (0, -1) is equal to a free slot, and finds what is there: that it is missing.
        cells, slot = cells.take(open_), slot.take(open_)
        while len(open_):
            found = self._slots.take(slot)
            hit = np.flatnonzero(found == cells)
            flat[open_.take(hit)] = self._values.take(slot.take(hit))
            # A free slot ends the search; another pair sends it one slot on.
            on = np.flatnonzero((found != cells) & (found != _FREE))
            cells, open_ = cells.take(on), open_.take(on)
            slot = (slot.take(on) + 1) & (len(self._slots) - 1)
        return result

    def _cells(self, first: np.ndarray, second: np.ndarray | None) -> np.ndarray:
        cells: np.ndarray = _below(first, self._height).astype(self._type, copy=False)
        if second is not None:
            cells = cells * self._type(self._width)
            cells = cells + _below(second, self._width).astype(self._type, copy=False)
        return cells

    def _fill(self, cells: np.ndarray, values: np.ndarray) -> None:
        """Make a hash table with linear probing, at most a quarter full."""
        self._bits = len(cells).bit_length() + 2
        self._slots = np.full(1 << self._bits, _FREE, dtype=self._type)
        self._values = np.full(1 << self._bits, self._missing)
        waiting, slot = np.arange(len(cells)), self._hash(cells)
        while len(waiting):
            free = self._slots[slot] == _FREE
            self._slots[slot[free]] = cells[waiting[free]]
            self._values[slot[free]] = values[waiting[free]]
            # Of several pairs sent to one slot one has stayed.
            on = self._slots[slot] != cells[waiting]
            waiting, slot = waiting[on], (slot[on] + 1) & (len(self._slots) - 1)
        self._taken = self._slots != _FREE

    def _hash(self, cells: np.ndarray) -> np.ndarray:
        """Mix cells into slots (Fibonacci hashing; Knuth, volume 3, 6.4)."""
        if self._type is np.int32:
            mixed = cells.view(np.uint32) * np.uint32(0x9E3779B9) >> np.uint32(32 - self._bits)
        else:
            mixed = cells.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            mixed = mixed >> np.uint64(64 - self._bits)
        return mixed.astype(np.int64)


def _below(ids: np.ndarray, bound: int) -> np.ndarray:
    # Most often all are, and looking is cheaper than copying.
    return np.minimum(ids, bound - 1) if ids.max(initial=-1) >= bound else ids
