"""Label a Spark DataFrame: one archive, many machines, the labels of `censorscope label`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .. import __version__
from ..data.documents import BATCH_CHARACTERS
from ..data.exceptions import InputError, MissingExtraError, ModelError
from ..features.columns import numbers, to_numpy
from .labelling import MAX_COLUMN_BYTES, Tally, label_texts, output_schema
from .theme_model import ThemeModel

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, Observation

_SPARK_TYPES: Final = {"string": "string", "int32": "integer", "int64": "long", "double": "double"}


def label_dataframe(
    df: "DataFrame",
    model: ThemeModel,
    text_column: str = "text",
    *,
    observation: "Observation | None" = None,
) -> "DataFrame":
    """Split the texts of a DataFrame into sentences and label those, where the rows are.

    Every row of `df` is one text: an article, or a sentence. Splitting, offsets, probabilities
    and labels are those of ``censorscope label``. Nothing is shuffled or collected; the model is
    broadcast once and opened once in each Python process (under Spark Connect, which has no
    broadcast variables, it goes with each task). A text that is null, blank, not UTF-8 or nothing
    but page furniture gives no row.

    The workers need the same release of censorscope as the driver. Thresholds of your own come
    with the model: ``model.with_thresholds(...)``.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        Every column but the text is repeated on each sentence of its row: select the identifiers
        you need first.
    model : ThemeModel
    text_column : str
        A top-level column of strings.
    observation : pyspark.sql.Observation, optional
        After the first action its ``get`` holds ``documents`` (rows of `df` that gave
        sentences), ``empty`` (rows that gave none), ``sentences`` and ``labelled`` (sentences
        with a label).

    Returns
    -------
    pyspark.sql.DataFrame
        The other columns of `df`, then ``sentence`` (int, from 0 in each row of `df`), ``start``
        and ``end`` (bigint, in characters), ``text``, a probability (double) a theme, and
        ``labels``. One row a sentence; evaluated when an action asks for it.

    Raises
    ------
    MissingExtraError
        When pyspark is not installed.
    InputError
        When there is no such column of strings, or names would occur twice in the result.
    ModelError
        In a task, when the release on a worker is not that of the driver.
    """
    try:
        from pyspark.sql import functions
        from pyspark.sql.types import StructType
    except ImportError:
        raise MissingExtraError(
            "labelling a DataFrame needs pyspark. Install it: pip install 'censorscope[spark]'."
        ) from None

    sentences = output_schema(model).remove(0)
    _check_columns(df, text_column, sentences.names)
    schema = StructType([f for f in df.schema.fields if f.name != text_column])
    for field in sentences:
        schema.add(field.name, _SPARK_TYPES[str(field.type)])
    label = partial(_label_batches, _shipped(df, model), __version__, text_column)
    labelled = df.mapInArrow(label, schema)
    found = functions.col("sentence").isNotNull()
    if observation is not None:
        labelled = labelled.observe(
            observation,
            functions.count_if(functions.col("sentence") == 0).alias("documents"),
            functions.count_if(~found).alias("empty"),
            functions.count_if(found).alias("sentences"),
            functions.count_if(functions.col("labels") != "").alias("labelled"),
        )
    return labelled.where(found)


@dataclass(frozen=True, slots=True)
class _Carried:
    """Stands in for a broadcast variable under Spark Connect, which has none."""

    value: ThemeModel


def _shipped(df: "DataFrame", model: ThemeModel) -> "Broadcast[ThemeModel] | _Carried":
    from pyspark.sql.utils import is_remote

    if is_remote():
        return _Carried(model)
    return df.sparkSession.sparkContext.broadcast(model)


def _check_columns(df: "DataFrame", text_column: str, added: list[str]) -> None:
    from pyspark.sql.types import StringType

    if text_column not in df.columns:
        raise InputError(
            f"no column {text_column!r}; there are {', '.join(df.columns) or 'none'}",
            remedy="Name the text column with text_column.",
        )
    # Spark takes names that differ in case alone for the same.
    own = text_column.casefold()
    names = [name.casefold() for name in df.columns] + [n for n in added if n != own]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"the result would hold two columns {', '.join(map(repr, twice))}",
            remedy="Rename or drop those of the DataFrame.",
        )
    kind = df.schema[text_column].dataType
    if not isinstance(kind, StringType):
        raise InputError(
            f"column {text_column!r} is of type {kind.simpleString()}, not string",
            remedy="Cast it first.",
        )


def _label_batches(
    model: "Broadcast[ThemeModel] | _Carried",
    version: str,
    text_column: str,
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Label the rows of one task, on a worker."""
    if version != __version__:
        raise ModelError(
            f"a worker runs censorscope {__version__}, the driver {version}. "
            "Install the same release on both."
        )
    for batch in batches:
        for part in _parts(batch, text_column):
            yield from _label_part(model.value, part, text_column)


def _parts(batch: pa.RecordBatch, text_column: str) -> Iterator[pa.RecordBatch]:
    """Cut a batch where its texts fill `BATCH_CHARACTERS`: Spark counts rows, long or short."""
    if not batch.num_rows:
        return
    size = to_numpy(pc.fill_null(pc.binary_length(batch[text_column]), 0)).astype(np.int64)
    window = (np.cumsum(size) - size) // BATCH_CHARACTERS
    bounds = [0, *(np.flatnonzero(np.diff(window)) + 1).tolist(), batch.num_rows]
    for start, end in pairwise(bounds):
        yield batch.slice(start, end - start)


def _label_part(
    model: ThemeModel, part: pa.RecordBatch, text_column: str
) -> Iterator[pa.RecordBatch]:
    """Yield the sentences of some rows, then one row without a sentence for each that has none."""
    texts = _texts(part[text_column])
    kept = np.array([i for i, text in enumerate(texts) if text and text.strip()], dtype=np.int64)
    source, table = label_texts(model, [texts[i] or "" for i in kept.tolist()], Tally())
    rows = kept[source]
    empty = np.setdiff1d(np.arange(len(texts)), rows)
    carried = part.drop_columns([text_column])
    nulls = [pa.nulls(len(empty), field.type) for field in table.schema]
    sentences = [column.combine_chunks() for column in table.columns]
    for selected, columns in ((rows, sentences), (empty, nulls)):
        for some in _windows(len(selected), _longest(carried)):
            repeated = carried.take(numbers(selected[some])).columns
            yield pa.RecordBatch.from_arrays(
                [*repeated, *(column[some] for column in columns)],
                names=[*carried.schema.names, *table.schema.names],
            )


def _windows(n_rows: int, longest: int) -> Iterator[slice]:
    """Cut rows so that those of one window, each `longest` bytes at most, fill `MAX_COLUMN_BYTES` at most."""
    size = max(1, MAX_COLUMN_BYTES // max(1, longest))
    return (slice(start, start + size) for start in range(0, n_rows, size))


def _longest(batch: pa.RecordBatch) -> int:
    """Return a bound of the bytes that a row has in any one column."""
    return max(map(_longest_value, batch.columns), default=0)


def _longest_value(column: pa.Array) -> int:
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        return int(pc.max(pc.binary_length(column)).as_py() or 0)
    if pa.types.is_primitive(column.type):
        return int(column.type.bit_width) // 8
    return int(column.nbytes)


def _texts(column: pa.Array) -> list[str | None]:
    """Return the texts, None for those that are no UTF-8: a string of Spark can hold any bytes."""
    try:
        texts: list[str | None] = column.to_pylist()
    except UnicodeDecodeError:
        binary = pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()
        return [_decoded(value) for value in column.cast(binary).to_pylist()]
    return texts


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
