"""Files -> rows, whatever their form: articles as they are, and tables read row by row."""

import codecs
import csv
import io
import json
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import pyarrow as pa

from .exceptions import InputError
from .sources import HTML, STDIN, kind, unpacked

MAX_DOCUMENT: Final = 10_000_000
"""Longest document, in characters, or bytes as read: what is longer would not fit a batch."""
_TOO_LONG: Final = f"longer than {MAX_DOCUMENT:,} characters"

_READ_AHEAD: Final = 1_000_000
"""So many characters of a Parquet file, about, are decoded at a time: far fewer than a batch has."""
_ID_COLUMNS: Final = ("document", "id", "article_id", "url")
_LISTED: Final = 300
"""Of the names of columns so many characters are shown."""
_OTHER_TABLES: Final = (".json", ".ndjson", ".tsv")
_NOT_UTF8: Final = "not UTF-8 text"
_BROKEN: Final = (OSError, EOFError, zlib.error, pa.ArrowException)
"""What reading raises in the midst of a file."""
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
QUOTATION_REMEDY: Final = "Look for a quotation mark without its match."


class Row(NamedTuple):
    """A row as read; `text` is anything, `problem` says why it is rejected."""

    number: int
    identity: str | None = None
    text: Any = None
    problem: str | None = None
    kept: tuple[str, ...] = ()
    breaks_off: bool = False


@dataclass(slots=True)
class File:
    """A file being read: `bytes_read` tells how much of it has been."""

    path: str
    column: str
    keep: tuple[str, ...]
    skip: int
    size: int
    bytes_read: Callable[[], int] = int


class _UnreadableError(Exception):
    """A file, or the rest of it, cannot be read."""

    def __init__(self, reason: str, line: int | None = None, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line, self.remedy = reason, line, remedy


def problem_of(row: Row) -> str | None:
    """Say why a row is no document, None when it is one."""
    if row.problem:
        return row.problem
    if row.text is None:
        return "the text is missing"
    if not isinstance(row.text, str | bytes):
        return "the text is no string"
    if not row.text.strip():
        return "the text is empty"
    return _TOO_LONG if len(row.text) > MAX_DOCUMENT else None


def read_rows(file: File, *, alone: bool) -> Iterator[Row]:
    """Read the rows of any file; one that breaks off ends with a rejected row."""
    row = file.skip
    try:
        for item in _READERS.get(kind(file.path), _whole)(file):
            yield item
            row = max(row, item.number)
    except _UnreadableError as error:
        problem = error
    except _BROKEN as error:
        what = getattr(error, "strerror", None) or str(error)
        problem = _UnreadableError(f"cannot be read from here on ({what})", row + 1)
    else:
        return
    if alone:
        raise InputError(
            problem.reason, path=file.path, line=problem.line, remedy=problem.remedy
        ) from None
    file.bytes_read = lambda: file.size
    rest = f"; nothing after row {row} is read" if row else ""
    yield Row(row + 1, problem=f"{problem.reason}{rest}", breaks_off=True)


def check_columns(file: File) -> None:
    """See that a table has the columns wanted; whether all of it can be read is another matter.

    Raises
    ------
    InputError
        When one is missing.
    """
    rows = _READERS[kind(file.path)](file)
    with suppress(_UnreadableError, *_BROKEN):
        next(rows, None)
    rows.close()


def _whole(file: File) -> Generator[Row, None, None]:
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
        yield Row(1, text=content)
        return
    try:
        yield Row(1, text=content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _UnreadableError(not_utf8(content), line, "Save it as UTF-8.") from None


def not_utf8(content: bytes) -> str:
    """Say of content that is not UTF-8 what it is, as far as its beginning tells."""
    return f"{_NOT_UTF8} but UTF-16" if content.startswith(_UTF16) else _NOT_UTF8


def _jsonl_rows(file: File) -> Generator[Row, None, None]:
    seen = False
    with unpacked(file.path) as (stream, raw):
        file.bytes_read = raw.tell
        for row, line in enumerate(_lines(stream), start=1):
            if row == 1 and line.startswith(_UTF16):
                raise _UnreadableError(not_utf8(line), 1, "Save it as UTF-8.")
            # Of rows that are not wanted, only what tells a wrong file from a bad row matters.
            if row <= file.skip and seen:
                continue
            if len(line) > MAX_DOCUMENT:
                yield Row(row, problem=_TOO_LONG)
                continue
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Row(row, problem=f"not JSON ({error})")
                continue
            if not isinstance(record, dict):
                yield Row(row, problem="not a JSON object")
                continue
            if not seen:
                # A file whose first record lacks a column is the wrong file, not a bad row.
                _require_columns(file, list(record), row)
                seen = True
            if file.column in record:
                yield _row_of(file, row, record)
            else:
                yield Row(row, problem=f"no field {file.column!r}")


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Read lines; of one that is too long only the beginning, which is too long as well."""
    while line := stream.readline(MAX_DOCUMENT + 1):
        rest = line
        while len(rest) > MAX_DOCUMENT and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_DOCUMENT + 1)
        yield line


def _csv_rows(file: File) -> Generator[Row, None, None]:
    with unpacked(file.path) as (stream, raw):
        file.bytes_read = raw.tell
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        header = text.readline(MAX_DOCUMENT)
        if not header:
            raise _UnreadableError("the file is empty", remedy="Give one with a header line.")
        beginning = header[:2].encode(errors="surrogateescape")
        if beginning.startswith(_UTF16):
            raise _UnreadableError(not_utf8(beginning), 1, "Save it as UTF-8.")
        records = _csv_records(csv_reader(header, text, file.column))
        names, problem = next(records, ([], None))
        if problem:
            raise _UnreadableError(problem, 1, "Mend the header line.")
        _require_columns(file, names, 1)
        column, *keep = (names.index(name) for name in (file.column, *file.keep))
        identities = [names.index(name) for name in _ID_COLUMNS if name in names]
        for row, (fields, problem) in enumerate(records, start=1):
            if row <= file.skip:
                continue
            if not problem and len(fields) != len(names):
                problem = "another number of fields than the header"
            if problem:
                yield Row(row, problem=problem)
                continue
            identity = next((fields[i] for i in identities if fields[i]), None)
            kept = tuple(fields[i] for i in keep)
            readable = _is_unicode(fields[column], identity or "", *kept)
            yield Row(row, identity, fields[column], None if readable else _NOT_UTF8, kept)


def csv_reader(header: str, rest: Iterable[str], column: str) -> Any:
    """Return a strict reader of CSV, given its first line and what follows.

    A comma separates the columns, unless the one that is wanted is found by a semicolon or tab.
    """
    # Beyond this a quotation mark without its match is likelier than a text.
    csv.field_size_limit(4 * MAX_DOCUMENT)
    separator = _delimiter(header, column)
    return csv.reader(chain([header], rest), delimiter=separator, strict=True)


def _delimiter(header: str, column: str) -> str:
    for separator in ",;\t":
        if column in next(csv.reader([header], delimiter=separator), []):
            return separator
    return ","


def _csv_records(reader: Any) -> Iterator[tuple[list[str], str | None]]:
    """Yield the fields of every record that is not empty, or what is wrong with a line."""
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            if "expected after" not in str(error):
                raise _UnreadableError(f"not CSV ({error})", line, QUOTATION_REMEDY) from None
            # The reader goes on behind the line of a wrong mark. What it passed over may be one record
            # or, where a mark was left open long before, hundreds: each of its lines is rejected.
            last = reader.line_num
            lines = f"line {line}" if line == last else f"lines {line} to {last}"
            problem = f"not CSV ({error}): a quotation mark in {lines} has no match"
            yield from repeat(([], problem), last - line + 1)
            continue
        if fields is None:
            return
        if fields:
            yield fields, None


def _is_unicode(*texts: str) -> bool:
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parquet_rows(file: File) -> Generator[Row, None, None]:
    import pyarrow.parquet as pq

    try:
        # A buffer makes it read a column in pieces; without, a whole row group at once.
        table = pq.ParquetFile(file.path, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowInvalid, OSError) as error:
        raise _UnreadableError(f"not a Parquet file ({error})") from None
    with table:
        names = table.schema_arrow.names
        _require_columns(file, names, None)
        wanted = [file.column, *file.keep, *(n for n in _ID_COLUMNS if n in names)]
        groups, row = _groups_after(table, file.skip)
        total = max(table.metadata.num_rows, 1)
        file.bytes_read = lambda: file.size * row // total
        batches = table.iter_batches(
            _batch_rows(table, file.column), row_groups=groups, columns=wanted, use_threads=False
        )
        for batch in batches:
            for record in records_of(batch):
                row += 1
                if isinstance(record, str):
                    yield Row(row, problem=record)
                else:
                    yield _row_of(file, row, record)


def records_of(table: pa.RecordBatch | pa.Table) -> list[dict[str, Any] | str]:
    """Return the rows of a table, bytes as text; of one that Python cannot hold, the reason."""
    for place, (name, column) in enumerate(zip(table.schema.names, table.columns, strict=True)):
        # Some writers do not say of text that it is any. Whether it is shows in a moment.
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            table = table.set_column(place, name, column.cast(pa.large_string(), safe=False))
    try:
        return list(table.to_pylist())
    except (ValueError, OverflowError, KeyError) as error:
        # Text that is not UTF-8, a date after the year 9999, a time zone that nobody knows.
        if len(table) == 1:
            return [f"cannot be read ({error})"]
        return [record for i in range(len(table)) for record in records_of(table.slice(i, 1))]


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
    return max(1, min(4096, int(_READ_AHEAD / max(longest, 1))))


_READERS: Final = {".csv": _csv_rows, ".jsonl": _jsonl_rows, ".parquet": _parquet_rows}


def is_table(path: str) -> bool:
    """Whether a file has rows of its own."""
    return kind(path) in _READERS


def _row_of(file: File, number: int, record: dict[str, Any]) -> Row:
    kept = tuple(_written(record.get(name)) for name in file.keep)
    return Row(number, _identity(record), record[file.column], kept=kept)


def _written(value: Any) -> str:
    """Return a value of any column as text, empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _identity(record: dict[str, Any]) -> str | None:
    for name in _ID_COLUMNS:
        value = record.get(name)
        if value not in (None, ""):
            return str(value)
    return None


def _require_columns(file: File, names: list[str], line: int | None) -> None:
    for wanted in (file.column, *file.keep):
        if wanted not in names:
            option = "--text-column" if wanted == file.column else "--keep"
            listed = ", ".join(map(str, names))
            listed = listed if len(listed) <= _LISTED else f"{listed[:_LISTED]}..."
            raise InputError(
                f"no column {wanted!r}; there are {listed or 'none'}",
                path=file.path,
                line=line,
                remedy=f"Name a column that is there with {option}.",
            )
        require_single(names, wanted, file.path, line)


def require_single(names: list[str], wanted: str, path: str | Path, line: int | None) -> None:
    """See that a table has no two columns of a name that is wanted.

    Raises
    ------
    InputError
        When it has.
    """
    if names.count(wanted) > 1:
        raise InputError(
            f"there are two columns {wanted!r}",
            path=path,
            line=line,
            remedy="Rename or drop one of them.",
        )
