"""Files to be labelled -> batches of documents, in flat memory."""

import gzip
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, cast

from .exceptions import InputError

BATCH_CHARACTERS: Final = 4_000_000
"""A batch is closed when its texts reach this length."""

STDIN: Final = "-"
TABULAR: Final = (".csv", ".jsonl", ".parquet")
_COMPRESSIONS: Final = (".gz", ".zst")
_ID_COLUMNS: Final = ("document", "id", "article_id", "url")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be labelled.

    Attributes
    ----------
    file : str
    row : int
        Line (JSONL) or record (CSV, Parquet) of the file, counted from 1 without a header.
    reason : str
    """

    file: str
    row: int
    reason: str


@dataclass(slots=True)
class DocumentBatch:
    """Some documents of one file, in its order."""

    documents: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    characters: int = 0

    def add(self, document: str, text: str) -> None:
        """Append a document."""
        self.documents.append(document)
        self.texts.append(text)
        self.characters += len(text)


def read_documents(source: str | Path, *, text_column: str = "text") -> Iterator[DocumentBatch]:
    """Read a plain text article, or the rows of a CSV, JSONL or Parquet file.

    ``.gz`` and ``.zst`` are unpacked on the way. A row without text is rejected, not an error.

    Parameters
    ----------
    source : str or Path
        A file; ``-`` is plain text from standard input.
    text_column : str
        Column (or JSON field) that holds the text.

    Raises
    ------
    InputError
        When the file is missing, of the wrong encoding or without the column.
    """
    if str(source) == STDIN:
        yield from _plain("stdin", sys.stdin.buffer.read())
        return
    path = Path(source)
    if not path.is_file():
        remedy = "Give a file, a folder or `-`." if not path.exists() else "Give a file."
        raise InputError("no such file", path=path, remedy=remedy)
    match kind(path):
        case ".csv":
            rows = _csv_rows(path, text_column)
        case ".jsonl":
            rows = _jsonl_rows(path, text_column)
        case ".parquet":
            rows = _parquet_rows(path, text_column)
        case _:
            with _open(path) as stream:
                content = stream.read()
            yield from _plain(path.name, content, path)
            return
    yield from _batches(path, rows)


def kind(path: Path) -> str:
    """Return the suffix that tells how to read a file, without that of a compression."""
    name = path.name.lower()
    for compression in _COMPRESSIONS:
        name = name.removesuffix(compression)
    return Path(name).suffix


def expand(sources: list[str]) -> list[str]:
    """Replace folders by the files in them, sorted by name; hidden files are left out."""
    expanded: list[str] = []
    for source in sources:
        path = Path(source)
        if source == STDIN or not path.is_dir():
            expanded.append(source)
            continue
        found = sorted(
            str(p) for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")
        )
        if not found:
            raise InputError("the folder holds no file", path=path)
        expanded.extend(found)
    return expanded


def _open(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if path.suffix.lower() == ".zst":
        import pyarrow as pa

        unpacked = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
        return cast("IO[bytes]", io.BufferedReader(unpacked))
    return path.open("rb")


def _plain(name: str, content: bytes, path: Path | None = None) -> Iterator[DocumentBatch]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "not UTF-8 text",
            path=path or name,
            line=content[: error.start].count(b"\n") + 1,
            remedy="Save it as UTF-8.",
        ) from None
    batch = DocumentBatch()
    if text.strip():
        batch.add(name, text)
    else:
        batch.rejected.append(Rejected(str(path or name), 1, "the text is empty"))
    yield batch


def _batches(
    path: Path, rows: Iterator[tuple[int, str | None, Any, str | None]]
) -> Iterator[DocumentBatch]:
    batch = DocumentBatch()
    for row, identity, text, problem in rows:
        if problem is None and not isinstance(text, str):
            problem = "the text is missing" if text is None else "the text is no string"
        elif problem is None and not text.strip():
            problem = "the text is empty"
        if problem is not None:
            batch.rejected.append(Rejected(str(path), row, problem))
            continue
        batch.add(identity or f"{path.name}:{row}", text)
        if batch.characters >= BATCH_CHARACTERS:
            yield batch
            batch = DocumentBatch()
    yield batch


def _jsonl_rows(path: Path, column: str) -> Iterator[tuple[int, str | None, Any, str | None]]:
    seen = False
    with _open(path) as stream:
        for row, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                yield row, None, None, f"not JSON ({error})"
                continue
            if not isinstance(record, dict):
                yield row, None, None, "not a JSON object"
                continue
            if column not in record:
                # A file whose first record lacks the column is the wrong file, not a bad row.
                if not seen:
                    raise _no_column(path, column, list(record), row)
                yield row, None, None, f"no field {column!r}"
                continue
            seen = True
            yield row, _identity(record), record[column], None


def _csv_rows(path: Path, column: str) -> Iterator[tuple[int, str | None, Any, str | None]]:
    import csv

    # The longest field csv takes by default (131,072) is shorter than some articles.
    csv.field_size_limit(2**31 - 1)
    with _open(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        reader = csv.DictReader(text)
        try:
            names = reader.fieldnames or []
            if column not in names:
                raise _no_column(path, column, list(names), 1)
            for row, record in enumerate(reader, start=1):
                if None in record or None in record.values():
                    yield row, None, None, "another number of fields than the header"
                    continue
                yield row, _identity(record), record[column], None
        except UnicodeDecodeError:
            raise InputError(
                "not UTF-8 text", path=path, line=reader.line_num + 1, remedy="Save it as UTF-8."
            ) from None
        except csv.Error as error:
            raise InputError(f"not CSV ({error})", path=path, line=reader.line_num) from None


def _parquet_rows(path: Path, column: str) -> Iterator[tuple[int, str | None, Any, str | None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            names = file.schema_arrow.names
            if column not in names:
                raise _no_column(path, column, names, None)
            wanted = [column, *(n for n in _ID_COLUMNS if n in names)]
            row = 0
            for batch in file.iter_batches(batch_size=4096, columns=wanted):
                for record in batch.to_pylist():
                    row += 1
                    yield row, _identity(record), record[column], None
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not a Parquet file ({error})", path=path) from None


def _identity(record: dict[str, Any]) -> str | None:
    for name in _ID_COLUMNS:
        value = record.get(name)
        if value not in (None, ""):
            return str(value)
    return None


def _no_column(path: Path, column: str, names: list[str], line: int | None) -> InputError:
    return InputError(
        f"no column {column!r}; there are {', '.join(map(str, names)) or 'none'}",
        path=path,
        line=line,
        remedy="Name the text column with --text-column.",
    )
