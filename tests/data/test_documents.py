import gzip
import io
import json
import sys

import pandas as pd
import pyarrow as pa
import pytest

from censorscope.data import documents
from censorscope.data.documents import expand, read_documents
from censorscope.data.exceptions import InputError


def read(path, **options):
    batches = list(read_documents(path, **options))
    return (
        [d for b in batches for d in zip(b.documents, b.texts, strict=True)],
        [(r.row, r.reason) for b in batches for r in b.rejected],
    )


ROWS = [("n1", "First text."), ("n2", "Second\ntext.")]


def test_every_kind_of_file_gives_the_same_documents(tmp_path) -> None:
    frame = pd.DataFrame(ROWS, columns=["id", "body"])
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    lines = "".join(json.dumps({"id": i, "body": t}) + "\n" for i, t in ROWS)
    (tmp_path / "x.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "x.csv.zst").write_bytes(
        pa.compress((tmp_path / "x.csv").read_bytes(), "zstd", asbytes=True)
    )
    for path in sorted(tmp_path.iterdir()):
        assert read(path, text_column="body") == (ROWS, []), path


def test_plain_text_is_one_document(tmp_path, monkeypatch) -> None:
    path = tmp_path / "article.txt"
    path.write_text("\ufeffA headline\n", encoding="utf-8")
    assert read(path) == ([("article.txt", "A headline\n")], [])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"From a pipe.")))
    assert read("-") == ([("stdin", "From a pipe.")], [])


def test_bad_rows_are_rejected_and_the_others_read(tmp_path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "Good."}\n{"text": null}\nnonsense\n{"text": 5}\n{"no": 1}\n[]\n')
    found, rejected = read(path)
    assert found == [("x.jsonl:1", "Good.")]
    assert [row for row, _ in rejected] == [2, 3, 4, 5, 6]
    assert rejected[0][1] == "the text is missing"


def test_a_short_csv_row_is_rejected(tmp_path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,source\nFine.,a\nlonely\n,b\n")
    assert read(path) == (
        [("x.csv:1", "Fine.")],
        [(2, "another number of fields than the header"), (3, "the text is empty")],
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "x.csv",
            b"body\na\n",
            r"x.csv:1: no column 'text'; there are body. Name .* --text-column",
        ),
        ("x.jsonl", b'{"body": 1}', r"x.jsonl:1: no column 'text'; there are body"),
        ("x.parquet", b"nonsense", r"x.parquet: not a Parquet file"),
        ("x.txt", b"ok\ncaf\xe9", r"x.txt:2: not UTF-8 text. Save"),
        ("x.csv", b"text\ncaf\xe9\n", r"x.csv:\d: not UTF-8 text"),
    ],
)
def test_the_wrong_file_is_an_error(tmp_path, name, content, message) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


def test_a_long_file_comes_in_batches(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(documents, "BATCH_CHARACTERS", 10)
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "12345678"}\n' * 5)
    assert [len(b.texts) for b in read_documents(path)] == [2, 2, 1]


def test_folders_are_expanded_in_order(tmp_path) -> None:
    for name in ("b.txt", "a.txt", ".hidden"):
        (tmp_path / name).write_text("x")
    assert expand([str(tmp_path), "-"]) == [str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "-"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no file"):
        expand([str(tmp_path / "empty")])
