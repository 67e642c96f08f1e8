"""The command line as its users meet it."""

import csv
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from censorscope.__main__ import main
from censorscope.data.exceptions import InputError
from censorscope.data.themes import THEMES
from censorscope.evaluate import cli as evaluate_cli
from censorscope.models import cli as models_cli

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "data" / "demo" / "article.txt"
COLUMNS = ["document", "sentence", "start", "end", "text", *THEMES, "labels"]


def censorscope(*arguments: object, code: int = 0, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "censorscope", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    "command", ["label", "explain", "evaluate", "train", "promote", "rollback", "models", "ui"]
)
def test_every_command_explains_itself(command, capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"usage: censorscope {command}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom censorscope.__main__ import make_parser\nmake_parser().format_help()\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'sklearn', 'mlflow'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_labelling_imports_neither_mlflow_nor_scikit_learn_nor_pandas() -> None:
    code = (
        "import sys\nfrom censorscope.__main__ import main\n"
        f"main(['label', {str(DEMO)!r}])\n"
        "heavy = {'pandas', 'sklearn', 'mlflow', 'matplotlib', 'scipy',"
        "         'pyarrow.compute', 'numpy.ma'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_demo_article_is_labelled() -> None:
    done = censorscope("label", DEMO, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    labels = {row["text"][:24]: row["labels"] for row in rows}
    assert list(rows[0]) == COLUMNS
    assert labels["Messaging services must "] == "fraud"
    assert labels["The app store removed a "] == "pornography"
    assert labels["Police arrested four men"] == ""
    text = DEMO.read_text(encoding="utf-8")
    assert all(text[int(r["start"]) : int(r["end"])] == r["text"] for r in rows)


def test_the_formats_hold_the_same_rows(tmp_path) -> None:
    for suffix in ("csv", "jsonl", "parquet"):
        censorscope("label", DEMO, "--output", tmp_path / f"out.{suffix}")
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 10
    from_csv = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    from_json = pd.DataFrame([json.loads(line) for line in lines])
    for other in (from_csv, from_json):
        assert other.to_numpy().tolist() == frame.to_numpy().tolist()
    assert len(list(tmp_path.iterdir())) == 3


def test_columns_of_the_tables_can_be_kept(tmp_path) -> None:
    names = ['the "day"', "outlet"]
    given = pd.DataFrame(
        [["The ministry blocked sites over rumours. It rained.", "2024-05-01", "Café"],
         ["Police shut channels that spread hoaxes.", None, "B"]],
        columns=["text", *names],
    )  # fmt: skip
    given.to_csv(tmp_path / "in.csv", index=False)
    keep = [f"--keep={name}" for name in names]
    for form in ("csv", "jsonl", "parquet"):
        censorscope("label", tmp_path / "in.csv", *keep, "--output", tmp_path / f"out.{form}")
    parquet = pd.read_parquet(tmp_path / "out.parquet")
    assert list(parquet) == [*COLUMNS, *names]
    assert parquet[names].to_numpy().tolist() == [["2024-05-01", "Café"]] * 2 + [["", "B"]]
    read = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(read, parquet, check_dtype=False)
    read = pd.read_json(tmp_path / "out.jsonl", lines=True, dtype=False)
    pd.testing.assert_frame_equal(read, parquet, check_dtype=False)


def test_half_a_character_is_a_question_mark(tmp_path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "Caf\\ud83d. Sites were shut over rumours."}\n{"text": "Rain."}\n')
    done = censorscope("label", path, "--format", "jsonl")
    texts = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    assert texts == ["Caf?.", "Sites were shut over rumours.", "Rain."]


def test_nothing_but_rejected_rows_is_no_success(tmp_path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text,id\n,1\n,2\n")
    done = censorscope("label", path, "--output", tmp_path / "out.csv", code=2)
    assert "0 sentences of 0 documents, 0 with a label; 2 rows rejected" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "censorscope", "label", "-"],
            input="Rain fell.", stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("censorscope: standard output cannot be written (No space")
    assert done.stderr.count("\n") == 1


def test_closed_standard_streams_are_named() -> None:
    for end, message in (("<&-", "standard input is closed"), (">&-", "output is closed")):
        command = f"{shlex.quote(sys.executable)} -m censorscope label - {end}"
        done = subprocess.run(
            ["sh", "-c", command], input="x", capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert message in done.stderr


def test_lists_of_rejected_rows_are_no_input(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("text\nRain fell.\n,\n")
    for name in ("one.jsonl", "two.jsonl"):
        done = censorscope("label", tmp_path / "a.csv", "--output", tmp_path / name)
    (tmp_path / "one.jsonl").unlink()
    (tmp_path / "two.jsonl").unlink()
    assert (tmp_path / "one.jsonl.rejected.jsonl").exists()
    done = censorscope("label", tmp_path)
    assert "1 sentence of 1 document" in done.stderr


def test_documents_in_another_language_are_counted() -> None:
    spanish = "El ministerio ordenó cerrar cuarenta sitios por difundir rumores. " * 6
    done = censorscope("label", "-", input=spanish)
    assert "1 document apparently not in English, the only language that is read" in done.stderr


def test_standard_input_and_thresholds() -> None:
    sentence = "The regulator shut 40 sites that sold obscene videos."
    done = censorscope("label", "-", "--format", "jsonl", input=sentence)
    assert json.loads(done.stdout)["labels"] == "pornography"
    strict = censorscope(
        "label", "--format", "jsonl", "--threshold", "pornography=1", input=sentence
    )
    assert json.loads(strict.stdout)["labels"] == ""


def test_the_table_reads_like_a_table() -> None:
    done = censorscope("label", DEMO)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["rumour", "terror", "fraud", "porn", "labels", "sentence"]
    assert len(lines) == 11
    assert "10 sentences of 1 document," in done.stderr


def test_bad_rows_are_listed_beside_the_output(tmp_path) -> None:
    data = tmp_path / "in.jsonl"
    data.write_text('{"text": "Rain."}\n{"text": ""}\n')
    done = censorscope("label", data, "--output", tmp_path / "out.csv")
    listing = tmp_path / "out.csv.rejected.jsonl"
    assert json.loads(listing.read_text()) == {
        "file": str(data), "row": 2, "reason": "the text is empty"}  # fmt: skip
    assert "1 row rejected" in done.stderr
    # A clean run leaves no stale list.
    data.write_text('{"text": "Rain."}\n')
    censorscope("label", data, "--output", tmp_path / "out.csv")
    assert not listing.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("label", "nothing.txt"), "nothing.txt: no such file"),
        (("label", "-", "--model", "nowhere"), "nowhere: no model there"),
        (("label", "-", "--threshold", "fraud"), "--threshold fraud is not THEME=P"),
        (("label", "-", "--threshold", "spam=0.5"), "unknown theme 'spam'"),
        (("label", "-", "--output", "x.doc"), "the format of x.doc is not known"),
        (("label", "-", "--format", "parquet"), "Parquet needs a file"),
        (("label", "-", "--output", "no/such/out.csv"), "no/such: no such folder"),
        (("label", "-", "--output", os.devnull, "--format", "csv"), "is no ordinary file"),
        (("label", "*.txt"), "*.txt: the pattern fits no file"),
        (("label", "-", "--jobs", "0"), "--jobs 0 is less than 1"),
        (("label", "-", "--keep", "date"), "--keep has no place in a table"),
        (("label", "-", "--keep", "text", "--format", "csv"), "has a column 'text' already"),
        (("explain", " "), "the text is empty"),
        (("evaluate", "--data", "x.jsonl"), "x.jsonl: no such file"),
        (("train", "--data", "x.csv"), "x.csv: no such file"),
        (("train", "--config", "x.toml"), "x.toml: no such file"),
        (("models",), "no tracking store there"),
        (("promote",), "no tracking store there"),
        (("rollback",), "no tracking store there"),
        (("label", "-", "--model", "models:/censorscope@champion"), "no tracking store there"),
        (
            ("models", "--tracking-uri", f"sqlite:///{DEMO}"),
            f"{DEMO}: (sqlite3.DatabaseError) file",
        ),
        (("models", "--tracking-uri", f"sqlite:///{ROOT}"), f"{ROOT}: is a folder"),
        (("models", "--tracking-uri", "mysql+nodriver://h/x"), "mysql+nodriver://h/x: "),
        (("models", "--tracking-uri", "mysql+aiomysql://h/x"), "mysql+aiomysql://h/x: cannot be"),
        (("models", "--tracking-uri", "http://["), "http://[: cannot be opened"),
        (("train", "--tracking-uri", "http://127.0.0.1:9"), "http://127.0.0.1:9: API request to"),
        (("train", "--output", f"{DEMO}/m"), "article.txt/m: cannot be written (Not a directory)"),
        (("train", "--output", f"{ROOT}/data"), "data: exists and is not a saved model"),
        (("train", "--config", str(ROOT)), "cannot be read (Is a directory)"),
        (("train", "--seed", "-1"), "the setting seed = -1 is out of range"),
        (("evaluate", "--data", "x.csv", "--json", "."), ".: is no ordinary file"),
        (("evaluate", "--data", "x.csv", "--errors", ".."), "..: is no ordinary file"),
        (("evaluate", "--data", "x.csv", "--json", "no/f.json"), "its folder does not exist"),
        (("evaluate", "--data", "x.csv", "--errors", "x" * 256), "x: cannot be written (File name"),
        (("evaluate", "--data", "x.csv", "--errors", "f", "--json", "f"), "f: is written twice"),
        (("evaluate", "--data", str(DEMO), "--json", str(DEMO)), "article.txt: is one of --data"),
    ],
    ids=" ".join,
)
def test_a_users_mistake_is_one_line_and_exit_2(tmp_path, arguments, message) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    done = censorscope(*arguments, code=2, cwd=tmp_path, input="Rain.", env=environment)
    assert message in done.stderr
    assert done.stderr.count("\n") <= 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", ["a.csv", "link.csv", "a.csv.rejected.jsonl"])
def test_an_input_is_never_replaced_by_the_output(tmp_path, written) -> None:
    source = tmp_path / written
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    content = "text\nRain.\n" if source.suffix == ".csv" else '{"text": "Rain."}\n'
    source.write_text(content)
    done = censorscope("label", source, "--output", "a.csv", code=2, cwd=tmp_path)
    assert f"{written}: the output would replace this input. Give another" in done.stderr
    assert source.read_text() == content


@pytest.mark.parametrize("written", ["a.csv", "a.csv.rejected.jsonl"])
def test_standard_input_is_never_replaced_by_the_output(tmp_path, written) -> None:
    source = tmp_path / written
    source.write_text("Rain fell.\n")
    with source.open() as stdin:
        done = censorscope("label", "-", "--output", "a.csv", code=2, cwd=tmp_path, stdin=stdin)
    assert "standard input: the output would replace this input. Give another" in done.stderr
    assert source.read_text() == "Rain fell.\n"
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("form", ["table", "csv", "jsonl"])
def test_the_output_is_utf8_in_any_locale(tmp_path, form) -> None:
    article = tmp_path / "a.txt"
    article.write_text("Ça: 消息.", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "censorscope", "label", str(article), "--format", form],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )
    assert "Ça: 消息." in done.stdout.decode()


def test_evaluate_writes_all_its_files_or_none(tmp_path) -> None:
    resource = pytest.importorskip("resource")
    errors, figures = tmp_path / "errors.csv", tmp_path / "f.json"
    errors.write_text("precious")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(InputError, match=r"f\.json: cannot be written \(File too large\)"):
            evaluate_cli._write({errors: "short", figures: "long" * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert errors.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [errors]


def test_a_failure_midway_leaves_the_old_output(tmp_path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("precious")
    bad = tmp_path / "bad.csv"
    bad.write_text("body\nRain.\n")
    censorscope("label", DEMO, bad, "--output", output, code=2)
    assert output.read_text() == "precious"
    assert {p.name for p in tmp_path.iterdir()} == {"out.csv", "bad.csv"}


def test_a_pattern_in_quotes_and_an_output_among_the_input(tmp_path) -> None:
    (tmp_path / "2014").mkdir()
    (tmp_path / "2014" / "a.txt").write_text("Rain fell.")
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9")
    for jobs in (1, 2):
        done = censorscope("label", "**/*.txt", "--output", "out.txt", "--jobs", jobs, cwd=tmp_path)
        assert "1 sentence of 1 document," in done.stderr
        assert "1 row rejected (see out.txt.rejected.jsonl)" in done.stderr
        assert done.stderr.count("\n") == 1
    shown = censorscope("label", "**/*.txt", "--format", "csv", cwd=tmp_path)
    assert '"2014/a.txt",0,0,10,"Rain fell."' in shown.stdout
    assert "not labelled: bad.txt:1: not UTF-8 text" in shown.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals of this kind there")
def test_a_bar_is_shown_on_a_terminal(tmp_path) -> None:
    import pty
    import termios

    terminal, other_end = pty.openpty()
    termios.tcsetwinsize(other_end, (24, 120))
    command = [sys.executable, "-m", "censorscope", "label", str(DEMO), "--output", "out.csv"]
    subprocess.run(command, cwd=tmp_path, stderr=other_end, check=True)
    os.close(other_end)
    shown = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    size = f"{DEMO.stat().st_size / 1000:.2f}"
    assert "100%|" in shown
    assert f"{size}k of {size}k, 10 sentences, " in shown
    assert "left" in shown
    assert shown.rstrip().endswith("5 with a label")


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m censorscope label {DEMO} {DEMO} --format jsonl | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.count("\n") == 1


def test_explain_prints_both_halves(capsys) -> None:
    assert main(["explain", "The ministry blocked sites over rumours."]) == 0
    out = capsys.readouterr().out
    assert "ground: rumours; control: blocked" in out
    assert "fraud: no mention of this ground" in out


def test_evaluate_prints_a_table_and_writes_the_figures(tmp_path, small, capsys) -> None:
    data = tmp_path / "data.parquet"
    small.to_parquet(data)
    assert main(["evaluate", "--data", str(data), "--json", str(tmp_path / "f.json")]) == 0
    out = capsys.readouterr().out
    assert "keyword list" in out
    figures = json.loads((tmp_path / "f.json").read_text())
    assert set(figures["systems"]) == {
        "censorscope", "majority", "keyword list", "TF-IDF + LR at 0.5"}  # fmt: skip
    assert "slices" not in figures


def test_evaluate_writes_slices_behaviour_and_errors(tmp_path, small, capsys) -> None:
    data, figures, errors = (tmp_path / name for name in ("data.parquet", "f.json", "errors.csv"))
    # The shipped model has learnt these: some labels are taken away, so that it errs.
    wrong = small.assign(pornography=False)
    wrong.to_parquet(data)
    arguments = ("evaluate", "--data", str(data), "--slices", "--behaviour")
    assert main([*arguments, "--errors", str(errors), "--json", str(figures)]) == 0
    out = capsys.readouterr().out
    assert "worst of" in out
    assert "act or message" in out
    assert "Names exchanged in the data" in out
    written = json.loads(figures.read_text())
    assert {"column", "slice", "macro_f1", "positives"} <= set(written["slices"][0])
    assert 0 <= written["names_exchanged"]["all"]["flip_rate"] <= 1
    assert {row["change"] for row in written["behaviour_changes"]} >= {"places", "typos"}
    listed = pd.read_csv(errors, keep_default_na=False)
    false_alarms = listed[(listed["theme"] == "pornography") & (listed["error"] == "false alarm")]
    assert len(false_alarms) > 10
    assert (listed["true"] != listed["given"]).all()
    assert {p.name for p in tmp_path.iterdir()} == {"data.parquet", "f.json", "errors.csv"}


def test_evaluate_refuses_a_place_that_is_not_there(tmp_path, capsys) -> None:
    place = tmp_path / "no" / "errors.csv"
    assert main(["evaluate", "--data", "x.jsonl", "--errors", str(place)]) == 2
    assert "folder does not exist" in capsys.readouterr().err


def test_an_error_of_ours_is_told_from_a_refusal(monkeypatch, capsys) -> None:
    monkeypatch.setattr(models_cli, "run_explain", lambda arguments: arguments.no_such)
    assert main(["explain", "Rain."]) == 70
    assert "AttributeError" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize(("code", "done"), [(0, True), (1, True), (2, False), (70, False)])
def test_the_demo_goes_on_when_promote_refuses_and_only_then(tmp_path, code, done) -> None:
    command = tmp_path / "censorscope"
    command.write_text(f"#!/bin/sh\n[ $1 = train ] || exit {code}\n")
    command.chmod(0o755)
    champion = tmp_path / ".champion"
    run = subprocess.run(
        ["make", "-C", str(ROOT), f"BIN={tmp_path}", f"RUNS={tmp_path}", str(champion)],
        capture_output=True,
        check=False,
    )
    assert (run.returncode == 0) == done == champion.exists()


def test_train_promote_models_and_label_by_alias(tmp_path, small) -> None:
    """The whole way with the commands of the README, in an empty folder."""
    small[["article", "text", *THEMES]].to_csv(tmp_path / "own.csv", index=False)
    (tmp_path / "quick.toml").write_text('C = 1.0\nfeatures = "all"\nfolds = 3\n')
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    at = {"cwd": tmp_path, "env": environment}
    done = censorscope("train", "--data", "own.csv", "--config", "quick.toml", "--jobs", 1, **at)
    assert "registered as version 1 of censorscope, now @challenger" in done.stderr
    assert "macro-F1" in done.stdout
    assert "version 1 is now @champion: first champion" in censorscope("promote", **at).stdout
    listed = censorscope("models", **at).stdout
    assert "@champion" in listed
    assert "first champion" in listed
    address = "models:/censorscope@champion"
    labelled = censorscope("label", DEMO, "--model", address, "--format", "csv", **at)
    saved = censorscope("label", DEMO, "--model", "censorscope-runs/model", "--format", "csv", **at)
    assert labelled.stdout == saved.stdout
    assert "nothing to go back to" in censorscope("rollback", code=2, **at).stderr
    # The store and the artifacts stay where they were asked for.
    assert {p.name for p in tmp_path.iterdir()} == {"own.csv", "quick.toml", "censorscope-runs"}


def test_a_wanted_precision_leaves_sentences_to_a_person(tmp_path, capsys) -> None:
    article = tmp_path / "a.txt"
    article.write_text("The regulator blocked forty sites over rumours. It rained.")
    outputs = {}
    for form in ("csv", "jsonl", "parquet"):
        output = tmp_path / f"o.{form}"
        assert main(["label", str(article), "--precision", "0.98", "--output", str(output)]) == 0
        outputs[form] = output
    assert "to be read by a person" in capsys.readouterr().err
    frames = [
        pd.read_csv(outputs["csv"], keep_default_na=False),
        pd.read_json(outputs["jsonl"], lines=True),
        pd.read_parquet(outputs["parquet"]),
    ]
    for frame in frames:
        assert list(frame) == [*COLUMNS, "to_read"]
        decided = frame["labels"].where(frame["labels"] != "", frame["to_read"])
        assert decided.tolist() == ["rumour_control", ""]
    assert main(["label", str(article), "--precision", "0.5"]) == 2
    assert "Choose one of 0.8" in capsys.readouterr().err
