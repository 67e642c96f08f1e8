import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from censorscope.data.exceptions import InputError
from censorscope.data.reader import COLUMNS, read_labelled
from censorscope.data.themes import THEMES

ARTICLE = {
    "article_id": "a-1",
    "region": "World",
    "register": "agency",
    "year": 2014,
    "sentences": [
        {"text": "Sites shut over hoaxes.", "labels": ["rumour_control"]},
        {"text": "Rain fell.", "labels": []},
    ],
}


def write(path, text: str | bytes):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_one_article_a_line(tmp_path) -> None:
    frame = read_labelled(write(tmp_path / "x.jsonl", json.dumps(ARTICLE) + "\n\n"))
    assert frame[list(COLUMNS)].to_numpy().tolist() == [
        ["a-1", 0, "Sites shut over hoaxes.", True, False, False, False],
        ["a-1", 1, "Rain fell.", False, False, False, False],
    ]
    assert frame["year"].tolist() == [2014, 2014]


def test_the_forms_of_one_table_are_read_alike(tmp_path) -> None:
    rows = [("t1", "Porn sites were blocked.", ["pornography"]), ("t2", "No, not that.", [])]
    flat = "".join(json.dumps({"article": a, "text": t, "labels": ls}) + "\n" for a, t, ls in rows)
    listed = "article,text,labels\n" + "".join(f'{a},"{t}",{";".join(ls)}\n' for a, t, ls in rows)
    columns = f"article,text,{','.join(THEMES)}\n" + "".join(
        f'{a},"{t}",{",".join(str(int(th in ls)) for th in THEMES)}\n' for a, t, ls in rows
    )
    pd.DataFrame(rows, columns=["article", "text", "labels"]).to_parquet(tmp_path / "p.parquet")
    frames = [
        read_labelled(write(tmp_path / "f.jsonl", flat)),
        read_labelled(write(tmp_path / "l.csv", "\ufeff" + listed)),
        read_labelled(write(tmp_path / "c.csv", columns)),
        read_labelled(tmp_path / "p.parquet"),
    ]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])
    assert frames[0]["pornography"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.jsonl",
            '{"text": "x", "labels": ["rumor"]}',
            r"a.jsonl:1: unknown theme 'rumor'. Labels",
        ),
        ("a.jsonl", '{"text": "x"}', r"a.jsonl:1: there are neither `labels` nor theme columns"),
        ("a.jsonl", '\n{"text": " ", "labels": []}', r"a.jsonl:2: the text of the row is empty"),
        ("a.jsonl", '{"labels": []}', r"a.jsonl:1: the row has no `text`"),
        ("a.jsonl", '{"text": "x", "labels": 3}', r"a.jsonl:1: `labels` is not a list"),
        ("a.jsonl", "{", r"a.jsonl:1: not JSON"),
        ("a.jsonl", "[1]", r"a.jsonl:1: not a JSON object"),
        ("a.jsonl", "", r"a.jsonl: holds no sentence"),
        ("a.jsonl", '{"article_id": "a", "sentences": 1}', r"`sentences` is not a list"),
        ("a.jsonl", '{"sentences": []}', r"a.jsonl:1: the article has no article_id"),
        (
            "a.jsonl",
            '{"id": 1, "text": "x", "labels": []}\n{"id": 1, "text": "y", "labels": []}',
            r"a.jsonl:2: id 1 was used before, at .*a.jsonl:1",
        ),
        ("a.csv", "txt,labels\nx,\n", r"a.csv:1: no column `text` among \['txt', 'labels'\]. Name"),
        (
            "a.csv",
            f"text,{','.join(THEMES)}\nx,0,0,maybe,1\n",
            r"a.csv:2: fraud is 'maybe'. Write 1",
        ),
        ("a.csv", f"text,{','.join(THEMES)}\nx,0,0,,1\n", r"a.csv:2: fraud is ''. Write 1 or 0"),
        ("a.csv", "text,fraud\nx,1\n", r"a.csv:2: no column 'rumour_control'. Give one 0/1 column"),
        (
            "a.csv",
            f"text,{','.join(THEMES)}ly\nx,0,0,0,1\n",
            r"a.csv:2: no column 'pornography', but 'pornographyly'. Give",
        ),
        (
            "a.jsonl",
            '{"text": "x", "labels": [], "region": ["a"]}',
            r"a.jsonl:1: `region` is a list or an object. Write one value",
        ),
        (
            "a.jsonl",
            '{"text": "x", "labels": [], "date": ["2020"]}',
            r"a.jsonl:1: `date` is a list",
        ),
        ("a.jsonl", '{"text": "x", "labels": [], "id": ["a"]}', r"a.jsonl:1: `id` is a list"),
        ("a.jsonl", '{"text": "x", "labels": [], "article": {}}', r"1: `article` is a list or an"),
        ("a.csv", "text,labels\nx,y,z\n", r"a.csv:2: another number of fields"),
        ("a.csv", "text,labels,text\nx,,y\n", r"a.csv:1: there are two columns 'text'. Rename or"),
        ("a.csv", "text,labels,labels\nx,,\n", r"a.csv:1: there are two columns 'labels'"),
        ("a.csv", 'text,labels\n"a\nb",\nx,nonsense\n', r"a.csv:4: unknown theme 'nonsense'"),
        ("a.csv", "text,labels\n\nx,nonsense\n", r"a.csv:3: unknown theme 'nonsense'"),
        ("a.csv", 'text,"labels\nx,\n', r"a.csv:1: not CSV \(unexpected end.* Look for a quot"),
        ("a.csv", 'text,"la"bels\nx,\n', r"a.csv:1: not CSV .* Look for a quotation mark"),
        ("a.csv", 'text,labels\na,\n"b,\n', r"a.csv:3: not CSV .* Look for a quotation mark"),
        ("a.csv", "text,labels\n".encode("utf-16"), r"a.csv:1: not UTF-8 text but UTF-16. Save"),
        ("a.csv", b"text,labels\ncaf\xe9,\n", r"a.csv:2: not UTF-8 text. Save"),
        ("a.jsonl", '{"text": ' + "[" * 99_999, r"a.jsonl:1: not JSON \(.*recursion"),
        ("a.jsonl", f'{{"text": {"1" * 5000}}}', r"a.jsonl:1: not JSON \(Exceeds"),
        (
            "a.jsonl",
            '\n{"text": "x \\ud83d", "labels": []}',
            r"a.jsonl:2: half a character .* Write characters whole",
        ),
        ("a.jsonl", r'{"id": "\udc00", "text": "x", "labels": []}', r"a.jsonl:1: half a character"),
        ("a.parquet", "PAR?", r"a.parquet: not a Parquet file"),
        ("a.xlsx", "x", r"a.xlsx: unknown kind of file '.xlsx'. Use"),
    ],
)
def test_errors_name_file_line_and_remedy(tmp_path, name, content, message) -> None:
    with pytest.raises(InputError, match=message):
        read_labelled(write(tmp_path / name, content))


def test_semicolons_may_separate_columns(tmp_path) -> None:
    content = "\ufefftext;labels\nA, b;fraud\n".encode()
    frame = read_labelled(write(tmp_path / "a.csv", content))
    assert frame["text"].tolist() == ["A, b"]
    assert frame["fraud"].tolist() == [True]


def test_a_long_cell_of_csv_is_read_whatever_was_read_before(tmp_path) -> None:
    limit = csv.field_size_limit(1000)
    try:
        frame = read_labelled(write(tmp_path / "a.csv", f"text,labels\n{'x' * 200_000},\n"))
    finally:
        csv.field_size_limit(limit)
    assert frame["text"].tolist() == ["x" * 200_000]


def test_two_columns_of_a_name_are_an_error_in_parquet(tmp_path) -> None:
    labels = pa.array([""])
    pq.write_table(
        pa.table([pa.array(["x"]), labels, labels], ["text", "fraud", "fraud"]),
        tmp_path / "a.parquet",
    )
    with pytest.raises(
        InputError, match=r"a.parquet: there are two columns 'fraud'. Rename or drop"
    ):
        read_labelled(tmp_path / "a.parquet")


def test_columns_that_are_not_read_may_have_one_name(tmp_path) -> None:
    frame = read_labelled(write(tmp_path / "a.csv", "text,labels,,\nx,fraud,,\n"))
    assert frame["fraud"].tolist() == [True]


def test_a_row_of_parquet_that_is_no_text_is_named(tmp_path) -> None:
    bad = pa.StringArray.from_buffers(
        2, pa.py_buffer(np.array([0, 2, 3], np.int32)), pa.py_buffer(b"ok\xff")
    )
    pq.write_table(pa.table({"text": bad, "labels": ["", ""]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a.parquet:2: cannot be read .*utf-8"):
        read_labelled(tmp_path / "a.parquet")


def test_an_article_in_two_files_is_refused(tmp_path) -> None:
    one = write(tmp_path / "1.jsonl", json.dumps(ARTICLE))
    two = write(tmp_path / "2.jsonl", json.dumps(ARTICLE))
    with pytest.raises(InputError, match=r"2.jsonl:1: a-1 was used before, at .*1.jsonl:1"):
        read_labelled(one, two)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_labelled(tmp_path / "nothing.csv")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that fails to be read")
def test_a_file_that_cannot_be_read_is_named(tmp_path) -> None:
    # Rights would not stop root; the beginning of this one stops everyone.
    (tmp_path / "a.csv").symlink_to("/proc/self/mem")
    with pytest.raises(InputError, match=r"a.csv: cannot be read \(Input/output error\)"):
        read_labelled(tmp_path / "a.csv")


texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda t: t.strip() != "")


@given(st.lists(st.tuples(texts, st.lists(st.sampled_from(THEMES), unique=True)), min_size=1))
def test_what_was_written_is_read(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("reader") / "x.jsonl"
    sentences = [{"text": t, "labels": labels} for t, labels in rows]
    write(path, json.dumps({"article_id": "a", "sentences": sentences}))
    frame = read_labelled(path)
    assert frame["text"].tolist() == [t for t, _ in rows]
    for theme in THEMES:
        assert frame[theme].tolist() == [theme in labels for _, labels in rows]
