"""Label an archive on a local Spark with one and two cores, and plan a billion sentences from that.

    python benchmarks/spark.py            # print the tables
    python benchmarks/spark.py --write    # put them into docs/scale.md

Needs Linux (/proc), Java and pyspark (make test-spark installs it).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import described

from censorscope.data.rows import MAX_DOCUMENT

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
BEGIN = "<!-- begin: python benchmarks/spark.py --write -->\n"
END = "<!-- end -->\n"
FILES = 16
MILLIONS = 1_000
"""Size of the archive of the plan, in millions of sentences."""
UTILISATION = 0.7
"""Share of the cores paid for that labels: the rest waits for storage, stragglers and retries."""
CLUSTERS = (16, 64, 256)
PRICES = (0.02, 0.05, 0.10)


@dataclass(frozen=True)
class Run:
    """What a run took: seconds of wall time and of processors, peaks of resident memory."""

    name: str
    wall: float
    python_cpu: float
    jvm_cpu: float
    python_mb: float
    jvm_mb: float


def write_archive(folder: Path, sentences: int) -> dict[str, float]:
    """Write the articles of the corpus, repeated, to Parquet files; say what is in them."""
    import censorscope
    from censorscope.data.corpus import load_corpus
    from censorscope.data.themes import THEMES
    from censorscope.features.columns import to_numpy
    from censorscope.models.labelling import Tally, label_texts

    corpus = load_corpus()
    texts = [" ".join(t) for _, t in corpus.groupby("article", sort=False)["text"]]
    tally = Tally()
    _, table = label_texts(censorscope.load(), texts, tally)
    mentioned = np.any([to_numpy(table[theme]) > 0 for theme in THEMES], axis=0)
    repeats = -(-sentences // tally.sentences)
    rows = [(f"{turn}-{i}", text) for turn in range(repeats) for i, text in enumerate(texts)]
    size = -(-len(rows) // FILES)
    for number in range(FILES):
        part = rows[number * size : (number + 1) * size]
        columns = {"id": [r[0] for r in part], "text": [r[1] for r in part]}
        pq.write_table(pa.table(columns), folder / f"part-{number:02}.parquet")
    return {
        "sentences": repeats * tally.sentences,
        "articles": len(rows),
        "article_bytes": sum(len(t.encode()) for t in texts) / len(texts),
        "in_bytes": sum(len(t.encode()) for t in texts) / tally.sentences,
        "out_bytes": table.nbytes / tally.sentences,
        "mentions": float(mentioned.mean()),
        "labelled": tally.labelled / tally.sentences,
    }


def descendants() -> dict[int, tuple[bool, list[str]]]:
    """Return the processes under this one: is it a JVM, and its /proc/PID/stat from the state on."""
    listed: dict[int, tuple[bool, list[str]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, fields = stat.read_text().rpartition(")")
        except OSError:
            continue  # it has ended
        listed[int(stat.parent.name)] = name.endswith("(java"), fields.split()
    found: set[int] = {os.getpid()}
    while more := {pid for pid, (_, f) in listed.items() if int(f[1]) in found} - found:
        found |= more
    return {pid: listed[pid] for pid in found - {os.getpid()}}


def cpu_seconds() -> np.ndarray:
    """Return the processor time of Python and of the JVM below this process."""
    seconds = np.zeros(2)
    for is_jvm, fields in descendants().values():
        # With the children waited for: workers that Spark has let go.
        seconds[int(is_jvm)] += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return seconds


def resident_mb() -> np.ndarray:
    """Return the resident memory of the largest Python process and JVM below this process."""
    largest = np.zeros(2)
    for is_jvm, fields in descendants().values():
        pages = int(fields[21])
        largest[int(is_jvm)] = max(largest[int(is_jvm)], pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
    return largest


def label_on_spark(cores: int, archive: Path, output: Path) -> Run:
    """Label an archive from Parquet to Parquet; timed the second time, when the JVM is warm."""
    from pyspark.sql import SparkSession

    import censorscope
    from censorscope.models.spark import label_dataframe

    spark = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "2g")
        # One task a file, as with the 128 MB splits of an archive that is worth a cluster.
        .config("spark.sql.files.maxPartitionBytes", "4m")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    model = censorscope.load()

    def run(source: Path, target: Path) -> None:
        labelled = label_dataframe(spark.read.parquet(str(source)), model)
        labelled.write.option("compression", "zstd").parquet(str(target))

    run(archive, output / "warm-up")
    peaks = [resident_mb()]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            peaks.append(resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    wall, cpu = time.perf_counter(), cpu_seconds()
    run(archive, output / "labelled")
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    done.set()
    watcher.join()
    spark.stop()
    plural = "s" if cores > 1 else ""
    name = f"Spark, {cores} task{plural} at a time"
    return Run(name, wall, *cpu.tolist(), *np.max(peaks, axis=0).tolist())


def label_on_one_machine(name: str, *arguments: str) -> Run:
    """Run `censorscope label`, cold, as the yardstick."""
    wall = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "censorscope", "label", *arguments], stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"censorscope label {' '.join(arguments)} failed")
    wall = time.perf_counter() - wall
    return Run(name, wall, usage.ru_utime + usage.ru_stime, 0, usage.ru_maxrss / 1024, 0)


def measured(sentences: int) -> tuple[dict[str, float], list[Run], Run]:
    """Return what the archive holds, the runs over it, and the run over one giant article."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = folder / "archive"
        archive.mkdir()
        facts = write_archive(archive, sentences)
        target = str(folder / "single.parquet")
        runs = [label_on_one_machine("`censorscope label`", str(archive), "--output", target)]
        rows = pq.read_metadata(target).num_rows
        for cores in (1, 2):
            output = folder / f"spark-{cores}"
            command = [sys.executable, __file__, "--one", str(cores), str(archive), str(output)]
            environment = os.environ | {
                "PYSPARK_PYTHON": sys.executable,
                "SPARK_LOCAL_IP": "127.0.0.1",
                "PYTHONWARNINGS": "ignore::FutureWarning",
            }
            done = subprocess.run(
                command, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            runs.append(Run(**json.loads(done.stdout.splitlines()[-1])))
            written = sum(
                pq.read_metadata(p).num_rows for p in (output / "labelled").glob("*.parquet")
            )
            if not written == rows == facts["sentences"]:
                sys.exit(f"{written} rows from Spark, {rows} from one machine")
        giant = folder / "giant.txt"
        text = "\n".join(pq.read_table(archive / "part-00.parquet")["text"].to_pylist())
        longest = (text * (MAX_DOCUMENT // len(text) + 1)).encode()[:MAX_DOCUMENT]
        giant.write_text(longest.decode(errors="ignore"), encoding="utf-8")
        lone = label_on_one_machine("giant", str(giant), "--output", target)
    return facts, runs, lone


def tables(facts: dict[str, float], runs: list[Run], giant: Run) -> str:
    """Return what was measured, and the plan, as Markdown."""
    millions = facts["sentences"] / 1e6
    lines = [
        f"""\
Measured {described()}, load average of the
last 15 minutes {os.getloadavg()[2]:.1f}. {facts["sentences"]:,.0f} sentences in
{facts["articles"]:,.0f} articles of {facts["article_bytes"]:,.0f} bytes, Parquet to Parquet;
{facts["mentions"]:.0%} of the sentences mention a ground, {facts["labelled"]:.0%} get a label.
Spark's second pass over them (the JVM is warm); the command line cold.

| run | wall, s | sentences/s | Python, processor s a million | JVM, the same | largest Python, MB | JVM, MB |
|---|---|---|---|---|---|---|"""
    ]
    lines += [
        f"| {r.name} | {r.wall:.1f} | {facts['sentences'] / r.wall:,.0f} "
        f"| {r.python_cpu / millions:.1f} | {r.jvm_cpu / millions:.1f} "
        f"| {r.python_mb:,.0f} | {r.jvm_mb:,.0f} |"
        for r in runs
    ]
    spark = runs[1:]
    per_million = max(r.python_cpu + r.jvm_cpu for r in spark) / millions
    core_hours = per_million * MILLIONS / 3600 / UTILISATION
    python_gb = max(r.python_mb for r in spark) / 1024
    out_gb = facts["out_bytes"] * MILLIONS / 1e3
    lines.append(
        f"""
One text of {MAX_DOCUMENT / 1e6:.0f} MB, the most that a text file may hold:
{giant.wall:.0f} s on one core, {giant.python_mb:,.0f} MB.

At {per_million:.1f} processor seconds a million (Python and JVM, the dearer of the two Spark runs) and with
{UTILISATION:.0%} of the cores' time in use, a billion sentences take **{core_hours:.0f} core-hours**.
{facts["in_bytes"] * MILLIONS / 1e3:,.0f} GB of text come in; {out_gb:,.0f} GB go out when every
sentence is kept, {out_gb * facts["labelled"]:,.0f} GB when only those with a label are (before compression).

| cores | hours | Python processes, GB in all | price | {" | ".join(f"at p = {p:.2f}" for p in PRICES)} |
|---|---|---|---|{"---|" * len(PRICES)}"""
    )
    lines += [
        f"| {cores} | {core_hours / cores:.2f} | {cores * python_gb:.0f} | {core_hours:.0f} p | "
        + " | ".join(f"{core_hours * p:.2f}" for p in PRICES)
        + " |"
        for cores in CLUSTERS
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=500_000)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        cores, archive, output = arguments.one
        print(json.dumps(vars(label_on_spark(int(cores), Path(archive), Path(output)))))
        return
    text = tables(*measured(arguments.sentences))
    print(text)
    if arguments.write:
        head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        tail = rest.split(END, 1)[1]
        PAGE.write_text(head + BEGIN + text + END + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
