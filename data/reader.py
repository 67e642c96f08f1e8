"""Labelled files of any supported form -> one validated table.

======== ==================================================================================
.jsonl   one article a line (``article_id, sentences[{text, labels}]``, and if known
         ``region, register, year``), or one sentence a line (``text, labels``, and if known
         ``article`` or ``id``, ``source``, ...)
.csv     a column ``text``, and either one 0/1 column a theme or a column ``labels`` with theme
         names separated by ``;``; semicolons or tabs may take the place of commas
.parquet as CSV, ``labels`` may also be a list
======== ==================================================================================
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import pandas as pd

from .exceptions import InputError
from .rows import QUOTATION_REMEDY, csv_reader, not_utf8, records_of, require_single
from .themes import N_THEMES, THEMES

COLUMNS: Final = ("article", "sentence", "text", *THEMES)
DETAILS: Final = ("author", "region", "register", "year", "source")
"""Columns kept when a file has them: for slices, and (author) for folds."""

_READ: Final = ("text", "labels", "article", "article_id", "id", "date", *THEMES, *DETAILS)
_TRUE: Final = frozenset(("1", "true", "yes", "1.0"))
_FALSE: Final = frozenset(("0", "false", "no", "0.0"))
_LABELS_REMEDY: Final = f"Labels are any of {', '.join(THEMES)}, or none."


def read_labelled(*paths: str | Path) -> pd.DataFrame:
    """Read labelled files into one table.

    Parameters
    ----------
    *paths : str or Path
        At least one. A sentence whose file names no article is an article of its own.

    Returns
    -------
    pandas.DataFrame
        Columns ``article`` (str), ``sentence`` (int, from 0 within its article), ``text`` (str), one
        bool column a theme, and of `DETAILS` those found (str or missing).

    Raises
    ------
    InputError
        Naming file, line and remedy: unreadable, not a table, wrong encoding, missing column, unknown
        theme, empty text, duplicate article or id.
    """
    if not paths:
        raise InputError("no labelled file given")
    rows: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for path in map(Path, paths):
        before = len(rows)
        try:
            rows.extend(_number(_read_one(path, seen)))
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror})", path=path, remedy="Check its permissions."
            ) from None
        if len(rows) == before:
            raise InputError(
                "holds no sentence", path=path, remedy="Give a file with labelled text."
            )
    frame = pd.DataFrame(rows)
    details = [c for c in DETAILS if c in frame and frame[c].notna().any()]
    for column in details:
        frame[column] = frame[column].astype("object")
    frame[list(THEMES)] = frame[list(THEMES)].astype(bool)
    return frame[[*COLUMNS, *details]]


def _read_one(path: Path, seen: dict[str, str]) -> Iterator[dict[str, Any]]:
    readers = {".jsonl": _jsonl_records, ".csv": _csv_records, ".parquet": _parquet_records}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"unknown kind of file {path.suffix!r}",
            path=path,
            remedy="Use .jsonl, .csv or .parquet.",
        )
    if not path.is_file():
        raise InputError("no such file", path=path, remedy="Check the path.")
    for line, record in reader(path):
        if "sentences" in record:
            yield from _article(path, line, record, seen)
        else:
            yield _sentence(path, line, record, seen)


def _article(
    path: Path, line: int, record: dict[str, Any], seen: dict[str, str]
) -> Iterator[dict[str, Any]]:
    article = record.get("article_id")
    if not isinstance(article, str) or not article:
        raise InputError(
            "the article has no article_id", path=path, line=line, remedy="Give it one."
        )
    _claim(article, path, line, seen)
    if not isinstance(record["sentences"], list):
        raise InputError("`sentences` is not a list", path=path, line=line)
    details = _details(path, line, record)
    for number, sentence in enumerate(record["sentences"]):
        if not isinstance(sentence, dict):
            raise InputError(
                f"sentence {number} of {article} is not an object",
                path=path,
                line=line,
                remedy='Write {"text": ..., "labels": [...]}.',
            )
        text = _text(path, line, sentence.get("text"), f"sentence {number} of {article}")
        labels = _labels(path, line, sentence)
        yield {"article": article, "text": text, **labels, **details}


def _sentence(
    path: Path, line: int, record: dict[str, Any], seen: dict[str, str]
) -> dict[str, Any]:
    text = _text(path, line, record.get("text"), "the row")
    details = _details(path, line, record, "article", "id", "date")
    identity = record.get("id")
    if identity not in (None, ""):
        _claim(f"id {identity}", path, line, seen)
    article = record.get("article") or identity or f"{path}:{line}"
    if details["year"] is None and record.get("date"):
        details["year"] = str(record["date"])[:4]
    return {"article": str(article), "text": text, **_labels(path, line, record), **details}


def _details(path: Path, line: int, record: dict[str, Any], *others: str) -> dict[str, Any]:
    """Return the details of a record; they and the other columns named have to be single values."""
    for name in (*DETAILS, *others):
        if isinstance(record.get(name), list | dict):
            raise InputError(
                f"`{name}` is a list or an object", path=path, line=line, remedy="Write one value."
            )
    return {name: record.get(name) or None for name in DETAILS}


def _claim(identity: str, path: Path, line: int, seen: dict[str, str]) -> None:
    place = f"{path}:{line}"
    if identity in seen:
        raise InputError(
            f"{identity} was used before, at {seen[identity]}",
            path=path,
            line=line,
            remedy="Give every article (or sentence) its own id.",
        )
    seen[identity] = place


def _text(path: Path, line: int, value: Any, what: str) -> str:
    if value is None:
        raise InputError(
            f"{what} has no `text`", path=path, line=line, remedy="Name the text column `text`."
        )
    if not isinstance(value, str) or not value.strip():
        raise InputError(
            f"the text of {what} is empty or no text", path=path, line=line, remedy="Drop the row."
        )
    return value


def _labels(path: Path, line: int, record: dict[str, Any]) -> dict[str, bool]:
    labels = record.get("labels")
    columns = [theme for theme in THEMES if theme in record]
    if labels is None and "labels" not in record:
        if not columns:
            raise InputError(
                "there are neither `labels` nor theme columns",
                path=path,
                line=line,
                remedy=_LABELS_REMEDY,
            )
        if len(columns) < N_THEMES:
            missing = next(theme for theme in THEMES if theme not in record)
            near = get_close_matches(missing, map(str, record), 1, 0.8)
            raise InputError(
                f"no column {missing!r}" + (f", but {near[0]!r}" if near else ""),
                path=path,
                line=line,
                remedy="Give one 0/1 column a theme, or a column `labels` with their names.",
            )
        return {theme: _flag(path, line, theme, record[theme]) for theme in THEMES}
    if labels is None:
        labels = []
    if isinstance(labels, str):
        labels = [part.strip() for part in labels.split(";") if part.strip()]
    if not isinstance(labels, Iterable) or isinstance(labels, dict):
        raise InputError("`labels` is not a list", path=path, line=line, remedy=_LABELS_REMEDY)
    given = list(labels)
    unknown = [label for label in given if label not in THEMES]
    if unknown:
        raise InputError(
            f"unknown theme {unknown[0]!r}", path=path, line=line, remedy=_LABELS_REMEDY
        )
    return {theme: theme in given for theme in THEMES}


def _flag(path: Path, line: int, theme: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise InputError(
            f"{theme} is {value!r}", path=path, line=line, remedy="Write 1 or 0, or true or false."
        )
    return text in _TRUE


def _decode(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            not_utf8(content), path=path, line=line, remedy="Save the file as UTF-8."
        ) from None


def _jsonl_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(_decode(path).split("\n"), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
            if "\\u" in text:
                json.dumps(record, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InputError(
                "half a character (a lone surrogate such as \\ud83d)",
                path=path,
                line=line,
                remedy="Write characters whole, as UTF-8.",
            ) from None
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else error
            raise InputError(
                f"not JSON ({reason})", path=path, line=line, remedy="Write one object a line."
            ) from None
        if not isinstance(record, dict):
            raise InputError("not a JSON object", path=path, line=line)
        yield line, record


def _csv_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    content = io.StringIO(_decode(path), newline="")
    start = 1
    try:
        reader = csv_reader(content.readline(), content, "text")
        names: list[str] = next(reader, [])
        if "text" not in names:
            raise InputError(
                f"no column `text` among {names}",
                path=path,
                line=1,
                remedy="Name the text column `text` in the header line.",
            )
        for name in _READ:
            require_single(names, name, path, 1)
        start = reader.line_num + 1
        for fields in reader:
            if fields and len(fields) != len(names):
                raise InputError(
                    "another number of fields than the header",
                    path=path,
                    line=start,
                    remedy="Quote fields that contain what separates them.",
                )
            if fields:
                yield start, dict(zip(names, fields, strict=True))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"not CSV ({error})", path=path, line=start, remedy=QUOTATION_REMEDY
        ) from None


def _parquet_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not a Parquet file ({error})", path=path) from None
    if "text" not in table.column_names:
        raise InputError(
            f"no column `text` among {table.column_names}",
            path=path,
            remedy="Name the text column `text`.",
        )
    for name in _READ:
        require_single(table.column_names, name, path, None)
    for row, record in enumerate(records_of(table), start=1):
        if isinstance(record, str):
            raise InputError(record, path=path, line=row, remedy="Drop the row.")
        yield row, record


def _number(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    count: dict[str, int] = {}
    for record in records:
        number = count.get(record["article"], 0)
        count[record["article"]] = number + 1
        yield {**record, "sentence": number}
