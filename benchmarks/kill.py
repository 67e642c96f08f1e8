"""Proof of resuming: kill -9 a run at random moments, give the command again, compare bytes.

``python benchmarks/kill.py --rounds 10`` does so with every format and number of processes in turn.
"""

import argparse
import filecmp
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from archive import write_archive
from machine import described

FORMATS = ("jsonl", "csv", "parquet")
JOBS = (1, 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--megabytes", type=int, default=200, help="text in a file")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    continued = kills = 0
    print(described())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for form in FORMATS:
            write_archive(folder / f"archive.{form}", arguments.megabytes * 1_000_000)
        whole: dict[str, float] = {}
        for number in range(arguments.rounds):
            form, jobs = FORMATS[number % len(FORMATS)], JOBS[number % len(JOBS)]
            expected, output = folder / f"expected.{form}", folder / f"labels.{form}"
            if form not in whole:
                start = time.perf_counter()
                _finish(folder, form, 1, expected)
                whole[form] = time.perf_counter() - start
            round_kills, said = 0, ""
            while True:
                process = _start(folder, form, jobs, output)
                # Ever later, or a busy machine would never get past the start.
                patience = draw.uniform(0.05, 0.6) * whole[form] * (1 + round_kills / 3)
                try:
                    said += process.communicate(timeout=patience)[1]
                except subprocess.TimeoutExpired:
                    process.kill()
                    said += process.communicate()[1]
                    round_kills += 1
                    # It may have been killed after the end.
                    if output.exists() and not filecmp.cmp(output, expected, shallow=False):
                        return _failed(f"round {number}: an output that is not complete")
                    continue
                break
            if process.returncode:
                return _failed(f"round {number}: {said}")
            resumed = said.count("continuing an interrupted run")
            same = all(
                filecmp.cmp(a, b, shallow=False)
                for a, b in ((output, expected), (_rejected(output), _rejected(expected)))
            )
            left = [p.name for p in folder.iterdir() if p.name.endswith(".part")]
            print(
                f"round {number:2}: {form:7} --jobs {jobs}: killed {round_kills} times, "
                f"continued {resumed} times, {'same bytes' if same else 'OTHER BYTES'}",
                flush=True,
            )
            if not same or left:
                return _failed(f"left behind: {left}")
            kills, continued = kills + round_kills, continued + resumed
            output.unlink()
            _rejected(output).unlink()
    print(f"{arguments.rounds} rounds, {kills} kills, {continued} times continued, same bytes")
    return 0 if continued else _failed("no run was ever continued: give more --megabytes")


def _start(folder: Path, form: str, jobs: int, output: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "censorscope", "label", str(folder / f"archive.{form}")]
    command += ["--output", str(output), "--jobs", str(jobs)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _finish(folder: Path, form: str, jobs: int, output: Path) -> None:
    process = _start(folder, form, jobs, output)
    said = process.communicate()[1]
    if process.returncode:
        raise SystemExit(said)


def _rejected(output: Path) -> Path:
    return output.with_name(f"{output.name}.rejected.jsonl")


def _failed(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
