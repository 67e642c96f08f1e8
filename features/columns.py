"""Between Arrow columns and Python or numpy, without importing pandas or pyarrow.compute on the way.

``pyarrow.array`` and ``Array.to_numpy`` import pandas whenever it is installed, and ``Array.take`` and the
like import ``pyarrow.compute``, which writes some 300 functions with their documentation before it
does anything. Each costs more time than labelling a page. These functions go by the buffers, and to
Arrow's own functions by their names.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pyarrow as pa
from pyarrow._compute import call_function


def strings(values: Sequence[str]) -> pa.StringArray:
    """Return a column of strings; lone surrogates become question marks.

    Raises
    ------
    TypeError
        When a value is no string.
    """
    try:
        encoded = list(map(str.encode, values))
    except UnicodeEncodeError:
        # UTF-8 cannot write lone surrogates.
        encoded = [str.encode(value, errors="replace") for value in values]
    offsets = np.fromiter(accumulate(map(len, encoded), initial=0), np.int32, len(values) + 1)
    data = pa.py_buffer(b"".join(encoded))
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), data)


def take(column: pa.Array, places: np.ndarray) -> pa.Array:
    """Return some values of a column, given by their row numbers."""
    return call_function("take", [column, numbers(places)])


def replace_where(column: pa.Array, mask: np.ndarray, values: pa.Array) -> pa.Array:
    """Return the column with the values that a boolean mask marks replaced, one after another."""
    return call_function("replace_with_mask", [column, booleans(mask), values])


def coded(column: pa.Array, known: pa.Array | None = None) -> tuple[np.ndarray, pa.Array]:
    """Return for each value its place among the distinct ones, int32, and those.

    The distinct values begin with the `known` ones, no two of which are equal.
    """
    if known is None or not len(known):
        encoded = call_function("dictionary_encode", [column])
    elif not len(column):
        return np.empty(0, dtype=np.int32), known  # a chunk without values would be left out
    else:
        both = pa.chunked_array([known, column])
        encoded = call_function("dictionary_encode", [both]).chunk(1)
    return to_numpy(encoded.indices), encoded.dictionary


def trimmed(column: pa.StringArray) -> pa.StringArray:
    """Return the texts without white space behind them."""
    return call_function("ascii_rtrim_whitespace", [column])


def numbers(values: np.ndarray) -> pa.Array:
    """Return a column over the memory of a one-dimensional numeric array."""
    values = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def booleans(values: np.ndarray) -> pa.BooleanArray:
    """Return a column of bits from a one-dimensional boolean array."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def text_offsets(column: pa.StringArray) -> np.ndarray:
    """Return where each text begins in the bytes of the column, and the last one ends.

    Returns
    -------
    ndarray of int32, shape (n + 1,)
    """
    offsets = np.frombuffer(column.buffers()[1] or bytes(4), dtype=np.int32)
    return offsets[column.offset : column.offset + len(column) + 1]


def to_numpy(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return the values of a numeric or boolean column without nulls."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_boolean(column.type):
        bits = np.frombuffer(column.buffers()[1] or b"", dtype=np.uint8)
        unpacked = np.unpackbits(bits, bitorder="little", count=None)
        return unpacked[column.offset : column.offset + len(column)].astype(bool)
    return np.from_dlpack(column)
