"""What training costs and how it grows: ``censorscope train`` on once to eight times the corpus.

Further copies of the corpus are articles of their own, and every sentence of theirs ends in a word that no
other has. With ``--write`` the table goes into ``benchmarks/README.md``.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from machine import described
from readme import replace_section

from censorscope.data.corpus import CORPUS_DIR


def write_copies(path: Path, copies: int) -> int:
    """Write so many copies of the corpus; return how many sentences that makes."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            for source in sorted(CORPUS_DIR.glob("*.jsonl")):
                for line in source.read_text(encoding="utf-8").splitlines():
                    article = json.loads(line)
                    for sentence in article["sentences"]:
                        count += 1
                        if copy:
                            sentence["text"] += f" q{count:x}z"
                    article["article_id"] += f"-{copy}"
                    file.write(json.dumps(article, ensure_ascii=False) + "\n")
    return count


def cost_of(arguments: list[str], folder: Path) -> tuple[float, float, float]:
    """Return wall and processor seconds and peak memory (MB, largest process) of a training run."""
    command = [
        sys.executable, "-m", "censorscope", "train", *arguments,
        "--output", str(folder / "model"), "--tracking-uri", f"sqlite:///{folder / 'mlflow.db'}",
    ]  # fmt: skip
    log = folder / "log.txt"
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        with log.open("w") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        os.chdir(folder)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(log.read_text())
    seconds = time.perf_counter() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--write", action="store_true", help="into benchmarks/README.md")
    arguments = parser.parse_args()
    lines = [
        f"Measured on {described()}; `--jobs 2`.",
        "",
        "| data | sentences | features | wall, s | processor, s | peak memory, MB |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for copies in [0, *arguments.copies]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = folder / "copies.jsonl"
            count = write_copies(path, max(copies, 1))
            wall, processor, megabytes = cost_of(["--data", str(path)] if copies else [], folder)
            features = pq.read_metadata(folder / "model" / "terms.parquet").num_rows
        what = f"{copies} x, own split" if copies else "the corpus with its fixed parts (default)"
        figures = f"{count:,} | {features:,} | {wall:.0f} | {processor:.0f} | {megabytes:,.0f}"
        lines.append(f"| {what} | {figures} |")
        print(lines[-1], flush=True)
    if arguments.write:
        replace_section("speed: training", "\n".join(lines))


if __name__ == "__main__":
    main()
