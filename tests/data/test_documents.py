import codecs
import gzip
import io
import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from censorscope.data import documents, rows
from censorscope.data.documents import read_documents
from censorscope.data.exceptions import InputError, MissingExtraError
from censorscope.data.pages import extract_articles, require_html
from censorscope.data.sources import find_sources


def batches_of(*paths, **options):
    return list(read_documents(find_sources(map(str, paths)), **options))


def read(*paths, **options):
    batches = batches_of(*paths, **options)
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
    content = (tmp_path / "x.csv").read_bytes()
    # Two frames, as tools that compress in parallel write them.
    frames = (pa.compress(half, "zstd", asbytes=True) for half in (content[:9], content[9:]))
    (tmp_path / "x.csv.zst").write_bytes(b"".join(frames))
    for path in sorted(tmp_path.iterdir()):
        assert read(path, text_column="body") == (ROWS, []), path


def test_columns_to_be_kept_come_as_text(tmp_path) -> None:
    frame = pd.DataFrame({"text": ["One.", "Two."], "date": ["2024-05-01", None], "hits": [3, 4]})
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "x.parquet")
    for path in sorted(tmp_path.iterdir()):
        (batch,) = read_documents(find_sources([str(path)]), keep=("hits", "date"))
        assert batch.kept == {"hits": ["3", "4"], "date": ["2024-05-01", ""]}, path
    plain = tmp_path / "article.txt"
    plain.write_text("Three.", encoding="utf-8")
    batches = list(read_documents(find_sources([str(tmp_path)]), keep=("date",)))
    assert [d for b in batches for d in b.kept["date"]] == ["", *["2024-05-01", ""] * 3]


def test_what_has_no_text_form_of_its_own_is_kept_as_json(tmp_path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "One.", "tags": ["a", "é"]}\n{"text": "Two.", "tags": true}\n')
    (batch,) = read_documents(find_sources([str(path)]), keep=("tags",))
    assert batch.kept == {"tags": ['["a", "é"]', "true"]}


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
def test_a_column_to_be_kept_must_be_there(tmp_path, name) -> None:
    frame = pd.DataFrame({"text": ["One."], "date": ["2024-05-01"]})
    write = {"x.csv": frame.to_csv, "x.parquet": frame.to_parquet}
    write.get(name, lambda path: frame.to_json(path, orient="records", lines=True))(tmp_path / name)
    with pytest.raises(InputError, match=r"no column 'dat'; there are .*text, date.* with --keep"):
        list(read_documents(find_sources([str(tmp_path / name)]), keep=("dat",)))


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_a_column_that_is_wanted_must_be_there_once(tmp_path, name) -> None:
    table = pa.table([pa.array(["a"])] * 3, ["date", "text", "date"])
    if name == "x.csv":
        (tmp_path / name).write_text("date,text,date\na,a,a\n")
    else:
        pq.write_table(table, tmp_path / name)
    assert batches_of(tmp_path / name)[0].texts == ["a"]
    with pytest.raises(InputError, match=r"there are two columns 'date'. Rename or drop one"):
        batches_of(tmp_path / name, keep=("date",))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_marks_may_separate_columns(tmp_path, separator) -> None:
    path = tmp_path / "x.csv"
    path.write_text(separator.join(("\ufeffid", "text\nn1", "One, two.\n")), encoding="utf-8")
    assert read(path) == ([("n1", "One, two.")], [])


def test_a_wrong_quotation_mark_costs_the_lines_up_to_the_next(tmp_path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('text\none\n"two\nthree\n"four" five\nsix\n"se\nven"\n')
    found, rejected = read(path)
    assert [text for _, text in found] == ["one", "six", "se\nven"]
    assert [row for row, _ in rejected] == [2, 3, 4]
    assert all("a quotation mark in lines 3 to 5 has no match" in why for _, why in rejected)


def test_a_wrong_quotation_mark_is_passed_over_in_any_batch(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(documents, "BATCH_ROWS", 1)
    path = tmp_path / "x.csv"
    path.write_text('text\none\n"two\nthree\n"four" five\nsix\n')
    batches = batches_of(path)
    assert len(batches) == 5
    for done, batch in enumerate(batches, start=1):
        rest = batches_of(path, after=batch.end)
        assert [b.end for b in rest] == [b.end for b in batches[done:]]


def test_a_cell_that_is_too_long_costs_its_row_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(rows, "MAX_DOCUMENT", 20)
    path = tmp_path / "x.csv"
    path.write_text(f"text\none\n{'x' * 30}\ntwo\n")
    found, rejected = read(path)
    assert [text for _, text in found] == ["one", "two"]
    assert [row for row, _ in rejected] == [2]


def test_rows_of_parquet_that_python_cannot_hold_are_rejected(tmp_path) -> None:
    bad = pa.StringArray.from_buffers(
        3, pa.py_buffer(np.array([0, 1, 2, 3], np.int32)), pa.py_buffer(b"a\xffc")
    )
    days = pa.array([0, 0, 10**8], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"text": bad, "id": days}), tmp_path / "x.parquet")
    found, rejected = read(tmp_path / "x.parquet")
    assert found == [("1970-01-01", "a")]
    assert [row for row, _ in rejected] == [2, 3]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_text_that_parquet_holds_as_bytes_is_read(tmp_path, kind) -> None:
    texts = pa.array([b"caf\xc3\xa9", b"\xff", None], kind)
    pq.write_table(pa.table({"text": texts, "id": texts}), tmp_path / "x.parquet")
    found, rejected = read(tmp_path / "x.parquet")
    assert found == [("café", "café")]
    assert [row for row, _ in rejected] == [2, 3]
    assert "cannot be read" in rejected[0][1]


def test_an_empty_table_among_others_is_a_rejected_row(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "b.csv").write_text("text\nFine.\n")
    assert read(tmp_path) == ([("b.csv:1", "Fine.")], [(1, "the file is empty")])


def test_times_of_an_unknown_zone_cost_their_rows(tmp_path) -> None:
    times = pa.array([None, 0], pa.timestamp("us", "Mars/Phobos"))
    pq.write_table(pa.table({"text": ["a", "b"], "id": times}), tmp_path / "x.parquet")
    found, rejected = read(tmp_path / "x.parquet")
    assert found == [("x.parquet:1", "a")]
    assert rejected == [(2, "cannot be read ('Mars/Phobos')")]


def test_a_table_without_the_column_is_named_before_any_is_read(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("text\nFine.\n")
    (tmp_path / "b.jsonl").write_text('{"body": "x"}\n')
    with pytest.raises(InputError, match=r"b.jsonl:1: no column 'text'"):
        next(read_documents(find_sources([str(tmp_path)])))


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
        ("x.csv", b"", r"x.csv: the file is empty. Give one with a header line"),
        ("x.jsonl", b'{"body": 1}', r"x.jsonl:1: no column 'text'; there are body"),
        ("x.parquet", b"nonsense", r"x.parquet: not a Parquet file"),
        ("x.txt", b"ok\ncaf\xe9", r"x.txt:2: not UTF-8 text. Save"),
        ("x.csv", b'text\n"open' + b"x" * 90, r"x.csv:2: not CSV \(field larger.* quotation mark"),
        ("x.csv", b'text\na\n"b\nc\n', r"x.csv:3: not CSV \(unexpected end.* quotation mark"),
        (
            "x.csv",
            b'text,"i"d\na,1\n',
            r"x.csv:1: not CSV .* in line 1 has no match. Mend the head",
        ),
        ("x.csv", "text\na".encode("utf-16"), r"x.csv:1: not UTF-8 text but UTF-16. Save"),
        ("x.txt", "a".encode("utf-16"), r"x.txt:1: not UTF-8 text but UTF-16. Save"),
        ("x.jsonl", "{}\n".encode("utf-16"), r"x.jsonl:1: not UTF-8 text but UTF-16. Save"),
        (
            "x.jsonl",
            codecs.BOM_UTF16_BE + '{"text": "a"}'.encode("utf-16-be"),
            r"x.jsonl:1: not UTF-8 text but UTF-16. Save",
        ),
        (
            "x.jsonl.gz",
            gzip.compress(b'{"text": "a"}\n' * 999)[:40],
            r"x.jsonl.gz:\d+: cannot be read",
        ),
        ("x.jsonl.zst", b"nonsense", r"x.jsonl.zst:1: cannot be read"),
        ("x.json", b"[]", r"x.json: no text but .json. Save it as .jsonl or .csv"),
        ("x.ndjson.gz", b"", r"x.ndjson.gz: no text but .ndjson. Save it as .jsonl or .csv"),
        ("x.TSV", b"text", r"x.TSV: no text but .tsv. Save it as .jsonl or .csv"),
        ("x.txt", b"x" * 30, r"x.txt: longer than [\d,]+ characters. Divide"),
    ],
)
def test_the_wrong_file_is_an_error(tmp_path, monkeypatch, name, content, message) -> None:
    monkeypatch.setattr(rows, "MAX_DOCUMENT", 20)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


def test_one_bad_file_of_several_does_not_stop_the_others(tmp_path) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n' * 99999)[:-20])
    (tmp_path / "c.parquet").write_bytes(b"nonsense")
    (tmp_path / "cc.tsv").write_text("text\tlabels\n")
    (tmp_path / "d.txt").write_text("Rain.")
    found, rejected = read(tmp_path)
    assert found[-1] == ("d.txt", "Rain.")
    assert [reason.split(" (")[0] for _, reason in rejected] == [
        "not UTF-8 text",
        "cannot be read from here on",
        "not a Parquet file",
        "no text but .tsv",
    ]
    assert rejected[1][0] == len(found)


def test_rows_that_are_no_unicode_or_too_long_are_rejected(tmp_path, monkeypatch) -> None:
    (tmp_path / "x.csv").write_bytes(b"text\ncaf\xe9\nfine\n")
    assert read(tmp_path / "x.csv") == ([("x.csv:2", "fine")], [(1, "not UTF-8 text")])
    monkeypatch.setattr(rows, "MAX_DOCUMENT", 30)
    lines = [{"text": "a"}, {"text": "b" * 99}, {"text": "c"}]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found, rejected = read(tmp_path / "x.jsonl")
    assert [d for d, _ in found] == ["x.jsonl:1", "x.jsonl:3"]
    assert rejected[0][0] == 2


def write_rows(path, rows) -> None:
    frame = pd.DataFrame({"text": rows})
    if path.suffix == ".parquet":
        frame.to_parquet(path, row_group_size=3)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_batches_are_short_and_reading_goes_on_after_any_of_them(
    tmp_path, monkeypatch, suffix
) -> None:
    """Rejected rows, a file that breaks off and small files between large ones included."""
    monkeypatch.setattr(documents, "BATCH_CHARACTERS", 20)
    monkeypatch.setattr(documents, "BATCH_ROWS", 4)
    write_rows(tmp_path / f"a.{suffix}", [f"text {i}" for i in range(11)])
    write_rows(tmp_path / f"b.{suffix}", ["one", *[" "] * 9, "two"])
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"text": "abc"}\n' * 9, 0)[:-20])
    (tmp_path / "d.txt").write_text("The last one.")
    sources = find_sources([str(tmp_path)])
    batches = list(read_documents(sources))
    assert sum(len(b.documents) for b in batches) == 11 + 2 + 8 + 1
    assert sum(len(b.rejected) for b in batches) == 9 + 1
    assert all(len(b.documents) + len(b.rejected) <= 4 for b in batches)
    assert all(b.characters < 20 + 13 for b in batches)
    assert sorted(b.bytes_read for b in batches) == [b.bytes_read for b in batches]
    assert batches[-1].bytes_read == sum(sources.sizes)
    for number, batch in enumerate(batches):
        assert list(read_documents(sources, after=batch.end)) == batches[number + 1 :]


def test_a_huge_row_group_is_read_in_pieces(tmp_path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"text": [f"{i:07d}" * 400 for i in range(30_000)]})
    pq.write_table(table, path, row_group_size=len(table), use_dictionary=False, compression=None)
    del table
    batches = read_documents(find_sources([str(path)]))
    next(batches)
    # Arrow's own count of bytes: a column read whole would be 84 MB.
    assert pa.total_allocated_bytes() < 40_000_000
    assert len(next(batches).texts) > 1
    batches.close()


def test_folders_and_patterns_stand_for_the_files_in_them(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b/2.txt", "b/1.txt", "a.csv", ".hidden", ".b.part/rows", "b/out.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text\nx\n")
    out = [tmp_path / "b" / "out.csv"]
    sources = find_sources([str(tmp_path), "-"], outputs=out)
    expected = [str(tmp_path / name) for name in ("a.csv", "b/1.txt", "b/2.txt")]
    assert sources.paths == [*expected, "-"]
    assert not sources.resumable
    assert find_sources(["b/*.txt"]).paths == ["b/1.txt", "b/2.txt"]
    both = find_sources(["**/*.txt", "a.csv"], outputs=out)
    assert [both.name(i) for i in range(3)] == ["b/1.txt", "b/2.txt", "a.csv"]
    assert [d for d, _ in read("b")[0]] == ["1.txt", "2.txt", "out.csv:1"]
    # A file may have a name that looks like a pattern.
    (tmp_path / "[1].txt").write_text("x")
    assert find_sources(["[1].txt"]).paths == ["[1].txt"]
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("empty", "folder holds no"),
        ("*.x", "pattern fits no"),
        ("n", "no such"),
    ):
        with pytest.raises(InputError, match=message):
            find_sources([name])


def page(body: str) -> bytes:
    text = (
        "<!DOCTYPE html><html><head><meta charset='utf-8'><title>News</title></head><body><nav>"
        f"<a href='/'>Home</a> <a href='/sport'>Sport</a></nav><article>{body}</article>"
        "<footer>All rights reserved, 2019</footer></body></html>"
    )
    return text.encode()


SENTENCE = (
    "The regulator shut 40 sites that sold obscene videos to readers in São Tomé, and officials "
    "said on Monday that many more of them would follow before the end of the month."
)


def test_html_gives_the_text_of_the_article(tmp_path) -> None:
    pytest.importorskip("trafilatura", reason="needs the extra censorscope[html]")
    body = "<h1>Sites shut</h1>" + "".join(f"<p>{i}. {SENTENCE}</p>" for i in range(3))
    (tmp_path / "a.html").write_bytes(page(body))
    (tmp_path / "b.htm.gz").write_bytes(gzip.compress(page(body)))
    (tmp_path / "c.html").write_bytes(b"<html><body></body></html>")
    (tmp_path / "d.txt").write_text("Rain.")
    (batch,) = batches_of(tmp_path)
    require_html(find_sources([str(tmp_path)]))
    extract_articles(batch)
    assert batch.documents == ["a.html", "b.htm.gz", "d.txt"]
    expected = "\n".join(["Sites shut", *(f"{i}. {SENTENCE}" for i in range(3))])
    assert batch.texts == [expected, expected, "Rain."]
    assert [(r.file, r.reason) for r in batch.rejected] == [
        (str(tmp_path / "c.html"), "no article was found on the page")]  # fmt: skip


def test_html_without_the_extra_names_the_remedy(tmp_path, monkeypatch) -> None:
    (tmp_path / "a.html").write_bytes(page(""))
    sources = find_sources([str(tmp_path)])
    # What the import system itself says of a package that is not installed.
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "trafilatura", raising=False)
    with pytest.raises(MissingExtraError, match=r"a.html: .* pip install 'censorscope\[html\]'"):
        require_html(sources)
