"""What the first sentence costs: ``censorscope label`` beside the imports no labelling can do without.

The two commands take turns; ratios are medians of the rounds. With ``--write`` the table goes into
``benchmarks/README.md``.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import described
from readme import replace_section

import censorscope

ROUNDS = 15
BASE = [sys.executable, "-c", "import numpy, pyarrow"]
SLOWEST_IMPORTS = 12


def seconds_of(command: list[str]) -> tuple[float, float]:
    """Return wall and processor seconds of a command."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - start, os.times()
    processor = after.children_user - before.children_user
    return wall, processor + after.children_system - before.children_system


def load_milliseconds() -> float:
    """Return the processor time of loading the default model in a fresh process."""
    code = (
        "import time\nimport numpy, pyarrow\nfrom censorscope.models import storage\n"
        "start = time.process_time()\nstorage.load(storage.DEFAULT_MODEL)\n"
        "print(time.process_time() - start)"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
        for _ in range(ROUNDS)
    ]
    return statistics.median(times) * 1000


def import_profile(command: list[str]) -> list[str]:
    """Return the imports of a command that cost most by themselves, in milliseconds."""
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]], check=True, capture_output=True, text=True
    )
    costs = []
    for line in done.stderr.splitlines():
        match = re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", line)
        if match:
            costs.append((int(match[1]), match[2]))
    return [
        f"{name} {own / 1000:.1f}" for own, name in sorted(costs, reverse=True)[:SLOWEST_IMPORTS]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into benchmarks/README.md")
    arguments = parser.parse_args()
    # As installed: Python finds the modules compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sentence.txt")
        path.write_text(
            "The ministry shut 40 sites over rumours about the flood.\n", encoding="utf-8"
        )
        label = [sys.executable, "-m", "censorscope", "label", str(path)]
        seconds_of(label)  # writes the compiled modules
        rounds = [(seconds_of(BASE), seconds_of(label)) for _ in range(ROUNDS)]
        imports = import_profile(label)
    wall, processor = (
        [statistics.median(r[which][i] for r in rounds) for which in (0, 1)] for i in (0, 1)
    )
    size = sum(
        p.stat().st_size for p in (Path(censorscope.__file__).parent / "models/default").iterdir()
    )
    lines = [
        f"Measured on {described()}.",
        "",
        "| | wall, s | processor, s |",
        "|:--|--:|--:|",
        f'| `python -c "import numpy, pyarrow"` | {wall[0]:.2f} | {processor[0]:.2f} |',
        f"| `censorscope label` on one sentence | {wall[1]:.2f} | {processor[1]:.2f} |",
        f"| ratio | {wall[1] / wall[0]:.2f} | {processor[1] / processor[0]:.2f} |",
        "",
        f"Loading the model takes {load_milliseconds():.0f} ms; its files have {size / 1e6:.2f} MB.",
        "",
        f"The dearest imports of `label`, each without what it imports, ms: {', '.join(imports)}.",
    ]
    print("\n".join(lines))
    if arguments.write:
        replace_section("speed: cold start", "\n".join(lines))


if __name__ == "__main__":
    main()
