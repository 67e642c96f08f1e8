"""Files to be labelled -> batches of documents, in flat memory."""

import csv
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final, NamedTuple

import pyarrow as pa

from .exceptions import InputError
from .sources import HTML, STDIN, Sources, kind, unpacked

BATCH_CHARACTERS: Final = 4_000_000
"""A batch is closed when its texts reach this length."""
BATCH_ROWS: Final = 1 << 16
"""A batch is closed when it has so many documents and rejected rows."""
MAX_DOCUMENT: Final = 10_000_000
"""Longest document, in characters, or bytes as read: what is longer would not fit a batch."""

_ID_COLUMNS: Final = ("document", "id", "article_id", "url")
_TOO_LONG: Final = f"longer than {MAX_DOCUMENT:,} characters"
_OTHER_TABLES: Final = (".json", ".ndjson", ".tsv")
_NOT_UTF8: Final = "not UTF-8 text"


class Rejected(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class Position:
    """How far the reading has come.

    Attributes
    ----------
    source : int
        A file, by its place among the sources; those before it are read.
    row : int
        The last row read of it, 0 for none.
    """

    source: int = 0
    row: int = 0


@dataclass(slots=True)
class DocumentBatch:
    """Some documents, in the order of the files.

    Attributes
    ----------
    documents, texts : list of str
    pages : dict of int to (str, bytes)
        Path and content of HTML whose text is still to be found (`pages.extract_articles`), by
        place in `texts`.
    rejected : list of Rejected
    characters : int
    end : Position
        Of its last row, rejected ones included.
    bytes_read : int
        Of all sources, up to `end`.
    """

    documents: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    pages: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    characters: int = 0
    end: Position = field(default_factory=Position)
    bytes_read: int = 0

    def add(self, document: str, text: str | bytes, path: str) -> None:
        """Append a document; bytes are HTML."""
        if isinstance(text, bytes):
            self.pages[len(self.texts)] = (path, text)
        self.documents.append(document)
        self.texts.append("" if isinstance(text, bytes) else text)
        self.characters += len(text)

    @property
    def is_full(self) -> bool:
        """Whether it is time for the next batch."""
        rows = len(self.documents) + len(self.rejected)
        return self.characters >= BATCH_CHARACTERS or rows >= BATCH_ROWS


class _Row(NamedTuple):
    """A row as read; `text` is anything, `problem` says why it is rejected."""

    number: int
    identity: str | None = None
    text: Any = None
    problem: str | None = None
    breaks_off: bool = False


@dataclass(slots=True)
class _File:
    """A file being read: `bytes_read` tells how much of it has been."""

    path: str
    column: str
    skip: int
    size: int
    bytes_read: Callable[[], int] = int


class _UnreadableError(Exception):
    """A file, or the rest of it, cannot be read."""

    def __init__(self, reason: str, line: int | None = None, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line, self.remedy = reason, line, remedy


def read_documents(
    sources: Sources, *, text_column: str = "text", after: Position | None = None
) -> Iterator[DocumentBatch]:
    """Read plain text or HTML articles, and the rows of CSV, JSONL and Parquet files.

    ``.gz`` and ``.zst`` are unpacked on the way. A row without text is rejected, not an error; so
    is one of several files that cannot be read to its end. What a batch holds depends
    only on where it begins.

    Parameters
    ----------
    sources : Sources
    text_column : str
        Column (or JSON field) that holds the text.
    after : Position, optional
        The end of a batch: begin with the next.

    Raises
    ------
    InputError
        When a table has no such column, or the only file cannot be read.
    """
    after = after or Position()
    batch = DocumentBatch()
    before = sum(sources.sizes[: after.source])
    for number in range(after.source, len(sources)):
        path, name = sources.paths[number], sources.name(number)
        skip = after.row if number == after.source else 0
        file = _File(path, text_column, skip, sources.sizes[number])
        is_table = kind(path) in _READERS
        for row in _rows(file, alone=len(sources) == 1):
            if row.number <= skip:
                continue
            problem = row.problem or _problem(row.text)
            if problem:
                batch.rejected.append(Rejected(path, row.number, problem))
            else:
                document = row.identity or (f"{name}:{row.number}" if is_table else name)
                batch.add(document, row.text, path)
            if batch.is_full:
                ended = row.breaks_off
                batch.end = Position(number + 1) if ended else Position(number, row.number)
                batch.bytes_read = before + file.bytes_read()
                yield batch
                batch = DocumentBatch()
        before += file.size
    if batch.documents or batch.rejected:
        batch.end, batch.bytes_read = Position(len(sources)), before
        yield batch


def _problem(text: Any) -> str | None:
    if text is None:
        return "the text is missing"
    if not isinstance(text, str | bytes):
        return "the text is no string"
    if not text.strip():
        return "the text is empty"
    return _TOO_LONG if len(text) > MAX_DOCUMENT else None


def _rows(file: _File, *, alone: bool) -> Iterator[_Row]:
    """Read the rows of any file; one that breaks off ends with a rejected row."""
    row = file.skip
    try:
        for item in _READERS.get(kind(file.path), _whole)(file):
            yield item
            row = max(row, item.number)
    except _UnreadableError as error:
        problem = error
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        what = getattr(error, "strerror", None) or str(error)
        problem = _UnreadableError(f"cannot be read from here on ({what})", row + 1)
    else:
        return
    if alone:
        raise InputError(
            problem.reason, path=file.path, line=problem.line, remedy=problem.remedy
        ) from None
    file.bytes_read = lambda: file.size
    yield _Row(row + 1, problem=problem.reason, breaks_off=True)


def _whole(file: _File) -> Iterator[_Row]:
    suffix = kind(file.path)
    if suffix in _OTHER_TABLES:
        raise _UnreadableError(f"no text but {suffix}", remedy="Save it as .jsonl or .csv.")
    file.bytes_read = lambda: file.size
    if file.path == STDIN:
        content = sys.stdin.buffer.read(MAX_DOCUMENT + 1)
    else:
        with unpacked(file.path) as (stream, _):
            content = stream.read(MAX_DOCUMENT + 1)
    if len(content) > MAX_DOCUMENT:
        raise _UnreadableError(_TOO_LONG, remedy="Divide it, or write a table of articles.")
    if suffix in HTML:
        yield _Row(1, text=content)
        return
    try:
        yield _Row(1, text=content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _UnreadableError(_NOT_UTF8, line, "Save it as UTF-8.") from None


def _jsonl_rows(file: _File) -> Iterator[_Row]:
    seen = False
    with unpacked(file.path) as (stream, raw):
        file.bytes_read = raw.tell
        for row, line in enumerate(_lines(stream), start=1):
            # Of rows that are not wanted, only what tells a wrong file from a bad row matters.
            if row <= file.skip and seen:
                continue
            if len(line) > MAX_DOCUMENT:
                yield _Row(row, problem=_TOO_LONG)
                continue
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield _Row(row, problem=f"not JSON ({error})")
                continue
            if not isinstance(record, dict):
                yield _Row(row, problem="not a JSON object")
            elif file.column in record:
                seen = True
                yield _Row(row, _identity(record), record[file.column])
            elif seen:
                yield _Row(row, problem=f"no field {file.column!r}")
            else:
                # A file whose first record lacks the column is the wrong file, not a bad row.
                raise _no_column(file, list(record), row)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Read lines; of one that is too long only the beginning, which is too long as well."""
    while line := stream.readline(MAX_DOCUMENT + 1):
        rest = line
        while len(rest) > MAX_DOCUMENT and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_DOCUMENT + 1)
        yield line


def _csv_rows(file: _File) -> Iterator[_Row]:
    # The longest field csv takes by default (131,072) is shorter than some articles.
    csv.field_size_limit(MAX_DOCUMENT)
    with unpacked(file.path) as (stream, raw):
        file.bytes_read = raw.tell
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        reader = csv.reader(text)
        try:
            names = next(reader, [])
            if file.column not in names:
                raise _no_column(file, names, 1)
            column = names.index(file.column)
            identities = [names.index(name) for name in _ID_COLUMNS if name in names]
            for row, fields in enumerate(filter(None, reader), start=1):
                if row <= file.skip:
                    continue
                if len(fields) != len(names):
                    yield _Row(row, problem="another number of fields than the header")
                    continue
                identity = next((fields[i] for i in identities if fields[i]), None)
                problem = None if _is_unicode(fields[column], identity or "") else _NOT_UTF8
                yield _Row(row, identity, fields[column], problem)
        except csv.Error as error:
            raise _UnreadableError(
                f"not CSV ({error})",
                reader.line_num,
                "Look for a quotation mark without its match.",
            ) from None


def _is_unicode(*texts: str) -> bool:
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parquet_rows(file: _File) -> Iterator[_Row]:
    import pyarrow.parquet as pq

    try:
        # A buffer makes it read a column in pieces; without, a whole row group at once.
        table = pq.ParquetFile(file.path, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowInvalid, OSError) as error:
        raise _UnreadableError(f"not a Parquet file ({error})") from None
    with table:
        names = table.schema_arrow.names
        if file.column not in names:
            raise _no_column(file, names, None)
        wanted = [file.column, *(n for n in _ID_COLUMNS if n in names)]
        groups, row = _groups_after(table, file.skip)
        total = max(table.metadata.num_rows, 1)
        file.bytes_read = lambda: file.size * row // total
        batches = table.iter_batches(
            _batch_rows(table, file.column), row_groups=groups, columns=wanted, use_threads=False
        )
        for batch in batches:
            for record in batch.to_pylist():
                row += 1
                yield _Row(row, _identity(record), record[file.column])


def _groups_after(table: Any, rows: int) -> tuple[list[int], int]:
    """Return the row groups that hold rows after the first ones, and how many are left out."""
    first = left_out = 0
    while first < table.num_row_groups:
        size = table.metadata.row_group(first).num_rows
        if left_out + size > rows:
            break
        first, left_out = first + 1, left_out + size
    return list(range(first, table.num_row_groups)), left_out


def _batch_rows(table: Any, column: str) -> int:
    """Return how many rows to take at a time, so that their text is far shorter than a batch."""
    leaves = [table.schema.column(i).path for i in range(len(table.schema))]
    leaf = next(i for i, path in enumerate(leaves) if f"{path}.".startswith(f"{column}."))
    groups = [table.metadata.row_group(i) for i in range(table.num_row_groups)]
    longest = max(
        (g.column(leaf).total_uncompressed_size / max(g.num_rows, 1) for g in groups), default=1
    )
    return max(1, min(4096, int(BATCH_CHARACTERS / 4 / max(longest, 1))))


_READERS: Final = {".csv": _csv_rows, ".jsonl": _jsonl_rows, ".parquet": _parquet_rows}


def _identity(record: dict[str, Any]) -> str | None:
    for name in _ID_COLUMNS:
        value = record.get(name)
        if value not in (None, ""):
            return str(value)
    return None


def _no_column(file: _File, names: list[str], line: int | None) -> InputError:
    return InputError(
        f"no column {file.column!r}; there are {', '.join(map(str, names)) or 'none'}",
        path=file.path,
        line=line,
        remedy="Name the text column with --text-column.",
    )
