"""Labelling archives: formats, processes, interruption and what is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from censorscope.data import documents
from censorscope.data.exceptions import CensorscopeError, InputError
from censorscope.data.sources import find_sources
from censorscope.models import resume
from censorscope.models.formats import Format
from censorscope.models.labelling import SCHEMA, Tally, label_batch
from censorscope.models.parallel import ordered_map
from censorscope.models.streaming import Archive

FORMS = ("table", "jsonl", "csv", "parquet")
TEXTS = (
    "The regulator shut 40 sites over rumours. Rain fell.",
    'He said: "They blocked a site\tthat sold obscene videos." Ça va.',
    "",
    "消息 spread rumours \\ were deleted by the censor, twice.",
)


@pytest.fixture
def archive(tmp_path) -> Path:
    path = tmp_path / "in.jsonl"
    lines = [json.dumps({"id": f'n"{i}', "text": TEXTS[i % 4]}) + "\n" for i in range(40)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def small_batches(monkeypatch) -> None:
    monkeypatch.setattr(documents, "BATCH_CHARACTERS", 300)
    monkeypatch.setattr(resume, "SAVE_SECONDS", 0)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_a_column_too_long_to_be_repeated_is_an_error(model) -> None:
    batch = documents.DocumentBatch(["a"], ["Sites shut. " * 300], {"body": ["x" * 1_000_000]})
    with pytest.raises(
        InputError, match=r"'body' repeated on every sentence makes more than 256 MB"
    ):
        label_batch(model, batch, Tally())


def test_every_format_holds_exactly_the_same_rows(model, archive, tmp_path) -> None:
    (batch,) = documents.read_documents(find_sources([str(archive)]))
    table = label_batch(model, batch, Tally())
    assert table.num_rows == 50
    lines = Format("jsonl", SCHEMA).encode(table).decode().splitlines()
    assert [json.loads(line) for line in lines] == table.to_pylist()
    assert lines[2].startswith('{"document": "n\\"1", "sentence": 0, "start": 0, "end": ')
    from pyarrow import csv

    form = Format("csv", SCHEMA)
    text = form.header() + form.encode(table)
    options = csv.ConvertOptions(
        column_types=table.schema, null_values=[], strings_can_be_null=False
    )
    assert csv.read_csv(pa.BufferReader(text), convert_options=options).equals(table)
    form, rows = Format("parquet", SCHEMA), tmp_path / "rows"
    rows.write_bytes(form.encode(table.slice(0, 7)) + form.encode(table.slice(7)))
    assert pq.ParquetFile(form.finish(rows)).read().equals(table)
    assert Format("jsonl", SCHEMA).encode(table.slice(0, 0)) == b""


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("form", FORMS)
def test_an_interrupted_run_goes_on_where_it_stopped(
    model, archive, tmp_path, capsys, form
) -> None:
    """Interrupted after every batch in turn, which is then not labelled again."""
    sources = find_sources([str(archive)])
    whole, out = tmp_path / "whole", tmp_path / "out"
    whole.mkdir()
    out.mkdir()
    tally = Archive(sources, model, form).write(whole / "x")
    assert tally.documents == 30
    assert tally.rejected == 10
    labelled = []

    class Interrupted:
        """The model, until Ctrl-C is pressed."""

        thresholds, review_from, digest = model.thresholds, None, model.digest
        decide = model.decide

        def predict_proba(self, column):
            if self.calls == 1:
                raise KeyboardInterrupt
            self.calls += 1
            labelled.append(len(column))
            return model.predict_proba(column)

    for _ in range(100):
        stopped = Interrupted()
        stopped.calls = 0
        try:
            Archive(sources, stopped, form).write(out / "x")
        except KeyboardInterrupt:
            assert sorted(p.name for p in out.iterdir()) == [".x.part"]
            assert "the same command continues there" in capsys.readouterr().err
        else:
            break
    assert len(labelled) > 3
    assert "continuing an interrupted run" in capsys.readouterr().err
    assert sum(labelled) == tally.sentences
    assert contents(out) == contents(whole)
    assert len(list(out.iterdir())) == 2


def interrupt(model, sources, output, **options) -> None:
    """Leave the output of a run that was interrupted after two batches."""

    class Stop(Archive):
        def pieces(self, after):
            for number, piece in enumerate(super().pieces(after)):
                if number == 2:
                    raise KeyboardInterrupt
                yield piece

    with pytest.raises(KeyboardInterrupt):
        Stop(sources, model, "csv", **options).write(output)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(
    "change", ["nothing", "input", "threshold", "to read", "format", "rows", "journal"]
)
def test_another_run_starts_anew(model, archive, tmp_path, capsys, change) -> None:
    output, form = tmp_path / "out", "csv"
    sources = find_sources([str(archive)])
    before = model.with_thresholds({"fraud": 0.2}).at_precision(0.9)
    interrupt(before, sources, output)
    changed = before
    folder = tmp_path / ".out.part"
    match change:
        case "input":
            os.utime(archive, ns=(1, 1))
        case "threshold":
            changed = before.with_thresholds({"fraud": 0.99})
        case "to read":
            changed = model.with_thresholds({"fraud": 0.1}).at_precision(0.9)
            assert changed.thresholds.tolist() == before.thresholds.tolist()
        case "format":
            form = "jsonl"
        case "rows":
            (folder / "rows").write_bytes(b"shorter")
        case "journal":
            (folder / "journal.json").write_text('{"run": {}}')
    sources = find_sources([str(archive)])
    capsys.readouterr()
    Archive(sources, changed, form).write(output)
    said = capsys.readouterr().err
    assert ("continuing" in said) == (change == "nothing")
    assert ("starting anew" in said) == (change != "nothing")
    Archive(sources, changed, form).write(tmp_path / "expected")
    assert output.read_bytes() == (tmp_path / "expected").read_bytes()
    assert not folder.exists()


@pytest.mark.usefixtures("small_batches")
def test_files_that_were_not_begun_may_change(model, archive, tmp_path, capsys) -> None:
    """A run of days that is interrupted goes on when a later file was mended meanwhile."""
    later = tmp_path / "later.csv"
    later.write_text("text\nSnow.\n")
    given = [str(archive), str(later)]
    interrupt(model, find_sources(given), tmp_path / "out")
    later.write_text("text\nRain.\n")
    capsys.readouterr()
    tally = Archive(find_sources(given), model, "csv").write(tmp_path / "out")
    assert "continuing" in capsys.readouterr().err
    assert tally.documents == 31
    assert (tmp_path / "out").read_text().count("Rain.") == 1


def test_a_short_run_that_fails_leaves_nothing(model, archive, tmp_path) -> None:
    (tmp_path / "bad.csv").write_text("body\nx\n")
    sources = find_sources([str(archive), str(tmp_path / "bad.csv")])
    with pytest.raises(InputError):
        Archive(sources, model, "csv").write(tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.csv", "in.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="runs are kept apart by fcntl")
def test_two_runs_of_one_output_are_kept_apart(model, archive, tmp_path) -> None:
    sources = find_sources([str(archive)])
    form = Format("csv", SCHEMA)
    with resume.growing_output(tmp_path / "out", form, {}, sources) as grown:
        with pytest.raises(InputError, match="another run is writing it"):
            Archive(sources, model, "csv").write(tmp_path / "out")
        grown.append(b"row\n", b"", Tally(), documents.Position(1), 1)
    assert (tmp_path / "out").read_bytes() == form.header() + b"row\n"


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("form", FORMS)
def test_two_processes_write_the_same_bytes_as_one(model, archive, tmp_path, form) -> None:
    sources = find_sources([str(archive)])
    one = Archive(sources, model, form).write(tmp_path / "one")
    two = Archive(sources, model, form, jobs=2).write(tmp_path / "two")
    assert one == two
    for name in ("", ".rejected.jsonl"):
        assert (tmp_path / f"one{name}").read_bytes() == (tmp_path / f"two{name}").read_bytes()


def test_processes_are_fed_no_faster_than_results_are_taken() -> None:
    taken = []

    def numbers():
        for number in range(100):
            taken.append(number)
            yield number

    results = ordered_map(float, numbers(), 2)
    for number in range(10):
        assert next(results) == number
    time.sleep(0.2)  # a pool that reads ahead would by now have read everything
    assert len(taken) <= 10 + 3 * 2
    assert list(results) == list(range(10, 100))


def test_a_process_that_dies_is_reported() -> None:
    with pytest.raises(CensorscopeError, match=r"a worker process died.*--jobs"):
        list(ordered_map(os._exit, [9, 9], 2))


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 there")
@pytest.mark.parametrize("jobs", [1, 2])
def test_after_kill_9_the_same_command_ends_in_the_same_bytes(archive, tmp_path, jobs) -> None:
    """For real: a process is killed as soon as its journal appears; those it started end as well."""
    code = (
        "from censorscope.data import documents\nfrom censorscope.models import resume\n"
        "from censorscope.__main__ import main\n"
        "if __name__ == '__main__':\n"
        "    documents.BATCH_CHARACTERS, resume.SAVE_SECONDS = 3000, 0\n"
        "    import sys\n    sys.exit(main(sys.argv[1:]))\n"
    )
    program = tmp_path / "label.py"
    program.write_text(code)
    archive.write_bytes(archive.read_bytes() * 100)
    command = [sys.executable, str(program), "label", str(archive), "--jobs", str(jobs)]

    def finish(name: str) -> str:
        done = subprocess.run(
            [*command, "--output", name], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stderr

    finish("whole.csv")
    killed = subprocess.Popen(
        [*command, "--output", "out.csv"],
        cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while not (tmp_path / ".out.csv.part" / "journal.json").exists():
        assert killed.poll() is None
        time.sleep(0.001)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    for _ in range(1000):
        if not group_lives(killed.pid):
            break
        time.sleep(0.01)
    assert not group_lives(killed.pid)
    assert not (tmp_path / "out.csv").exists()
    assert "continuing an interrupted run" in finish("out.csv")
    for name in ("csv", "csv.rejected.jsonl"):
        assert (tmp_path / f"out.{name}").read_bytes() == (tmp_path / f"whole.{name}").read_bytes()
    assert not (tmp_path / ".out.csv.part").exists()
