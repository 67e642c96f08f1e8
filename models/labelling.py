"""Documents -> labelled sentences, batch by batch."""

import operator
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from ..data.documents import DocumentBatch
from ..data.exceptions import InputError
from ..data.sentences import split_article
from ..data.themes import THEMES
from ..features.columns import numbers, strings
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
    """Counts of what has been labelled."""

    documents: int = 0
    sentences: int = 0
    labelled: int = 0
    to_read: int = 0
    furniture: int = 0
    rejected: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*map(operator.add, astuple(self), astuple(other)))


def label_texts(
    model: ThemeModel, texts: Sequence[str], tally: Tally
) -> tuple[np.ndarray, pa.Table]:
    """Split texts into sentences and label those.

    Parameters
    ----------
    model : ThemeModel
    texts : sequence of str, length n_texts
    tally : Tally
        Counts on: documents, sentences, labelled, to_read and furniture.

    Returns
    -------
    source : ndarray of int64, shape (n_sentences,)
        The text each sentence is from, as its place in `texts`.
    table : pyarrow.Table
        With the columns of `output_schema` but ``document``, one row a sentence.
    """
    source: list[int] = []
    numbered: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    sentences: list[str] = []
    for place, text in enumerate(texts):
        article = split_article(text)
        tally.furniture += len(article.dropped)
        for number, sentence in enumerate(article.sentences):
            source.append(place)
            numbered.append(number)
            starts.append(sentence.start)
            ends.append(sentence.end)
            sentences.append(sentence.text)
    column = strings(sentences)
    probabilities = model.predict_proba(column)
    labels = join_labels(model.decide(probabilities))
    tally.documents += len(texts)
    tally.sentences += len(sentences)
    tally.labelled += sum(map(bool, labels))
    arrays = [
        numbers(np.array(numbered, dtype=np.int32)),
        numbers(np.array(starts, dtype=np.int64)),
        numbers(np.array(ends, dtype=np.int64)),
        column,
        *map(numbers, probabilities.T),
        strings(labels),
    ]
    if model.review_from is not None:
        to_read = join_labels(model.needs_reading(probabilities))
        tally.to_read += sum(map(bool, to_read))
        arrays.append(strings(to_read))
    schema = output_schema(model).remove(0)
    return np.array(source, dtype=np.int64), pa.Table.from_arrays(arrays, schema=schema)


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
    """
    source, table = label_texts(model, batch.texts, tally)
    tally.rejected += len(batch.rejected)
    places = source.tolist()

    def of_sentences(values: Sequence[str]) -> pa.StringArray:
        return strings([values[place] for place in places])

    table = table.add_column(0, SCHEMA.field("document"), of_sentences(batch.documents))
    for name, values in batch.kept.items():
        table = table.append_column(pa.field(name, pa.string()), of_sentences(values))
    return table
