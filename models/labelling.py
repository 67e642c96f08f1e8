"""Documents -> labelled sentences, batch by batch."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import chain
from operator import add
from typing import Final

import numpy as np
import pyarrow as pa

from ..data.documents import DocumentBatch
from ..data.exceptions import InputError
from ..data.language import looks_english
from ..data.sentences import split_article
from ..data.themes import THEMES
from ..features.columns import numbers, strings, take, text_offsets
from ..features.ranges import ranges
from .theme_model import ThemeModel, join_labels

SCHEMA: Final = pa.schema(
    [
        ("document", pa.string()),
        ("sentence", pa.int32()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("text", pa.string()),
        *((theme, pa.float64()) for theme in THEMES),
        ("labels", pa.string()),
    ]
)
"""Columns of labelled sentences: offsets in characters, probabilities, the labels in force."""

MAX_COLUMN_BYTES: Final = 1 << 28
"""What is repeated on the sentences of a batch makes at most so much. Arrow does not see when a column grows
longer than its offsets, of 2 GB, can say (apache/arrow#50840)."""

TO_READ: Final = "to_read"
"""The further column of a model that leaves themes to a person, see `ThemeModel.at_precision`."""


def output_schema(model: ThemeModel, keep: Sequence[str] = ()) -> pa.Schema:
    """Return `SCHEMA` and the columns that may follow.

    `TO_READ` follows where the model leaves themes to a person, then what is kept of the documents'
    own columns.

    Raises
    ------
    InputError
        When a column to be kept has the name of another one.
    """
    further = [] if model.review_from is None else [TO_READ]
    for name in keep:
        if name in (*SCHEMA.names, *further):
            raise InputError(f"the output has a column {name!r} already, or twice")
        further.append(name)
    return pa.schema([*SCHEMA, *(pa.field(name, pa.string()) for name in further)])


@dataclass(slots=True)
class Tally:
    """Counts of what has been labelled; `foreign` documents do not look English."""

    documents: int = 0
    sentences: int = 0
    labelled: int = 0
    to_read: int = 0
    furniture: int = 0
    foreign: int = 0
    rejected: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*map(add, astuple(self), astuple(other)))


def label_texts(
    model: ThemeModel, texts: Sequence[str], tally: Tally
) -> tuple[np.ndarray, pa.Table]:
    """Split texts into sentences and label those.

    Parameters
    ----------
    model : ThemeModel
    texts : sequence of str, length n_texts
    tally : Tally
        Counts on: documents, sentences, labelled, to_read, furniture and foreign.

    Returns
    -------
    source : ndarray of int64, shape (n_sentences,)
        The text each sentence is from, as its place in `texts`.
    table : pyarrow.Table
        With the columns of `output_schema` but ``document``, one row a sentence.
    """
    articles = [split_article(text) for text in texts]
    counts = np.array([len(a.sentences.texts) for a in articles], dtype=np.int64)
    number, source = ranges(np.zeros_like(counts), counts)
    start = np.fromiter(chain.from_iterable(a.sentences.starts for a in articles), np.int64)
    sentences = list(chain.from_iterable(a.sentences.texts for a in articles))
    length = np.fromiter(map(len, sentences), np.int64, len(sentences))
    column = strings(sentences)
    probabilities = model.predict_proba(column)
    labels = join_labels(model.decide(probabilities))
    tally.documents += len(texts)
    tally.sentences += len(sentences)
    tally.foreign += len(texts) - sum(map(looks_english, texts))
    tally.furniture += sum(len(a.dropped.texts) for a in articles)
    tally.labelled += sum(map(bool, labels))
    arrays = [
        numbers(number.astype(np.int32)),
        numbers(start),
        numbers(start + length),
        column,
        *map(numbers, probabilities.T),
        strings(labels),
    ]
    if model.review_from is not None:
        to_read = join_labels(model.needs_reading(probabilities))
        tally.to_read += sum(map(bool, to_read))
        arrays.append(strings(to_read))
    schema = output_schema(model).remove(0)
    return source, pa.Table.from_arrays(arrays, schema=schema)


def label_batch(model: ThemeModel, batch: DocumentBatch, tally: Tally) -> pa.Table:
    """Label the sentences of a batch of documents.

    Parameters
    ----------
    model : ThemeModel
    batch : DocumentBatch
    tally : Tally
        Counts on, the documents rejected too.

    Returns
    -------
    pyarrow.Table
        With the columns of `output_schema`, one row a sentence.

    Raises
    ------
    InputError
        When a document's column is too long to be repeated on its sentences.
    """
    source, table = label_texts(model, batch.texts, tally)
    tally.rejected += len(batch.rejected)
    documents = _of_sentences("document", batch.documents, source)
    table = table.add_column(0, SCHEMA.field("document"), documents)
    for name, values in batch.kept.items():
        column = _of_sentences(name, values, source)
        table = table.append_column(pa.field(name, pa.string()), column)
    return table


def _of_sentences(name: str, values: Sequence[str], source: np.ndarray) -> pa.StringArray:
    """Return a column of documents, repeated on their sentences."""
    column = strings(values)
    length = np.diff(text_offsets(column)) @ np.bincount(source, minlength=len(values))
    if length > MAX_COLUMN_BYTES:
        raise InputError(
            f"the column {name!r} repeated on every sentence makes more than 256 MB in one batch",
            remedy="Keep short columns; the others can be joined by `document`.",
        )
    return take(column, source)
