"""Proof of flat memory: label a generated archive and print the resident peak.

``python benchmarks/memory.py`` takes 2 GB of text in each format, some 5 GB of disk and half an hour;
``--megabytes 200`` is a quick look. Exit code 1 when a peak is above the limit.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from archive import write_archive

LIMIT_MB = 400
GNU_TIME = "/usr/bin/time"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2000, help="text in a file")
    parser.add_argument("--formats", nargs="+", default=["jsonl", "csv", "parquet"])
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    peaks = []
    print(
        f"{'format':8} {'text MB':>8} {'sentences':>11} {'s':>7} {'sentences/s':>11} {'peak MB':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for form in arguments.formats:
            source, output = Path(folder, f"archive.{form}"), Path(folder, f"labels.{form}")
            _generate(source, arguments.megabytes * 1_000_000)
            peak, seconds, said = _label(source, output, arguments.jobs)
            sentences = int(said.split(" sentences")[0].split()[-1].replace(",", ""))
            rate = sentences / seconds
            print(
                f"{form:8} {arguments.megabytes:8,} {sentences:11,} {seconds:7.1f} "
                f"{rate:11,.0f} {peak:8.0f}",
                flush=True,
            )
            peaks.append(peak)
            source.unlink()
            output.unlink()
    if max(peaks) > LIMIT_MB:
        print(f"a peak is above {LIMIT_MB} MB", file=sys.stderr)
        return 1
    return 0


def _generate(path: Path, size: int) -> None:
    """Write the archive in a process of its own, whose memory does not count."""
    pid = os.fork()
    if pid == 0:
        write_archive(path, size)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit(f"cannot write {path}")


def _label(source: Path, output: Path, jobs: int) -> tuple[float, float, str]:
    """Return the resident peak of the largest process in MB, the seconds and what was said."""
    command = [sys.executable, "-m", "censorscope", "label", str(source)]
    command += ["--output", str(output), "--jobs", str(jobs)]
    measured = Path(GNU_TIME).exists()
    start = time.perf_counter()
    process = subprocess.Popen(
        [GNU_TIME, "-v", *command] if measured else command, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(said)
    kilobytes = usage.ru_maxrss
    if measured:
        line = next(x for x in said.splitlines() if "Maximum resident set size" in x)
        kilobytes = int(line.split()[-1])
    return kilobytes * 1024 / 1e6, seconds, said


if __name__ == "__main__":
    sys.exit(main())
