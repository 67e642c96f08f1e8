"""Documents -> labelled sentences, batch by batch."""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

import numpy as np
import pyarrow as pa

from ..data.documents import DocumentBatch, Rejected
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

FORMATS: Final = ("table", "jsonl", "csv", "parquet")


@dataclass(slots=True)
class Tally:
    """Counts of a run of `label_documents`."""

    documents: int = 0
    sentences: int = 0
    labelled: int = 0
    furniture: int = 0
    rejected: int = 0


def label_texts(
    model: ThemeModel, texts: Sequence[str], tally: Tally
) -> tuple[np.ndarray, pa.Table]:
    """Split texts into sentences and label those.

    Returns
    -------
    source : ndarray of int64, shape (n_sentences,)
        The text each sentence is from, as its place in `texts`.
    table : pyarrow.Table
        With the columns of `SCHEMA` but ``document``, one row a sentence.
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
    return np.array(source, dtype=np.int64), pa.Table.from_arrays(arrays, schema=SCHEMA.remove(0))


def label_batch(model: ThemeModel, batch: DocumentBatch, tally: Tally) -> pa.Table:
    """Label the sentences of a batch of documents.

    Returns
    -------
    pyarrow.Table
        With the columns of `SCHEMA`, one row a sentence.
    """
    source, table = label_texts(model, batch.texts, tally)
    tally.rejected += len(batch.rejected)
    documents = strings([batch.documents[place] for place in source.tolist()])
    return table.add_column(0, SCHEMA.field("document"), documents)


class Writer(Protocol):
    """Takes tables of `SCHEMA` one after another."""

    def write(self, table: pa.Table) -> None:
        """Write the rows of a table."""
        ...

    def close(self) -> None:
        """Finish the output."""
        ...


class _LineWriter:
    """Text formats: a header, then one line a row."""

    def __init__(
        self, stream: IO[str], line: Callable[[dict[str, Any]], str], header: str = ""
    ) -> None:
        self._stream = stream
        self._line = line
        stream.write(header)

    def write(self, table: pa.Table) -> None:
        self._stream.writelines(self._line(row) for row in table.to_pylist())

    def close(self) -> None:
        self._stream.flush()


class _CsvWriter:
    def __init__(self, stream: IO[str]) -> None:
        self._writer = csv.writer(stream, lineterminator="\n")
        self._stream = stream
        self._writer.writerow(SCHEMA.names)

    def write(self, table: pa.Table) -> None:
        self._writer.writerows(zip(*(c.to_pylist() for c in table.columns), strict=True))

    def close(self) -> None:
        self._stream.flush()


class _ParquetWriter:
    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()


_TABLE_HEADER: Final = (
    f"{'rumour':>6} {'terror':>6} {'fraud':>6} {'porn':>6}  {'labels':28}  sentence\n"
)


def _table_line(row: dict[str, Any]) -> str:
    figures = " ".join(f"{row[t]:6.2f}" if row[t] else f"{'.':>6}" for t in THEMES)
    text = " ".join(row["text"].split())
    return f"{figures}  {row['labels'] or '-':28}  {text}\n"


def text_writer(stream: IO[str], form: str) -> Writer:
    """Return a writer of one of the text formats."""
    if form == "csv":
        return _CsvWriter(stream)
    if form == "jsonl":
        return _LineWriter(stream, lambda row: json.dumps(row, ensure_ascii=False) + "\n")
    return _LineWriter(stream, _table_line, _TABLE_HEADER)


@contextmanager
def file_writer(path: Path, form: str) -> Iterator[Writer]:
    """Write a file under a temporary name, and give it its own only when all went well."""
    if not path.parent.is_dir():
        raise InputError("no such folder", path=path.parent, remedy="Make it first.")
    if path.is_dir():
        raise InputError("is a folder", path=path, remedy="Give the name of a file.")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    scratch = Path(name)
    try:
        if form == "parquet":
            writer: Writer = _ParquetWriter(scratch)
            yield writer
            writer.close()
        else:
            with scratch.open("w", encoding="utf-8", newline="") as stream:
                writer = text_writer(stream, form)
                yield writer
                writer.close()
        scratch.chmod(0o644)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def rejected_path(output: Path) -> Path:
    """Return where the rejected rows of an output are listed."""
    return output.with_name(f"{output.name}.rejected.jsonl")


def write_rejected(path: Path, rejected: Iterable[Rejected]) -> None:
    """List rejected rows beside the output, one JSON object a line."""
    lines = (
        json.dumps({"file": r.file, "row": r.row, "reason": r.reason}, ensure_ascii=False) + "\n"
        for r in rejected
    )
    scratch = path.with_name(f".{path.name}.part")
    with scratch.open("w", encoding="utf-8") as stream:
        stream.writelines(lines)
    scratch.replace(path)
