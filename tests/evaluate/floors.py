"""Floors of the model's behaviour: ``python -m tests.evaluate.floors`` measures and writes them anew.

A floor is what the shipped model reaches, rounded down to 0.05, so that a later model may not be worse
by more than that without someone writing it down. What goes down is printed as such: look at it before
committing.
"""

import json
import sys
from math import floor
from pathlib import Path

import censorscope
from censorscope.evaluate.behaviour import flip_rates, pass_rates, read_cases
from censorscope.evaluate.comparison import System

PATH = Path(__file__).with_name("floors.json")
STEP = 0.05


def measure(system: System) -> dict[str, dict[str, float]]:
    """Return pass rates by capability, and the share of labels kept by change."""
    cases = read_cases()
    passed = pass_rates(system, cases)
    passed = passed[passed["part"] == "capability"]
    flips = flip_rates(system, cases)
    return {
        "passed": dict(zip(passed["name"], passed["passed"], strict=True)),
        "kept": dict(zip(flips["change"], 1 - flips["flipped"], strict=True)),
    }


def rounded_down(share: float) -> float:
    """Return the greatest multiple of `STEP` that does not exceed a share."""
    return round(floor(share / STEP + 1e-9) * STEP, 2)


def main() -> int:
    """Measure, print what changed, write."""
    old = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    new: dict[str, dict[str, float]] = {}
    for part, shares in measure(censorscope.load()).items():
        new[part] = {name: rounded_down(share) for name, share in shares.items()}
        for name, share in shares.items():
            before, after = old.get(part, {}).get(name, 0.0), new[part][name]
            note = "  LOWER" if after < before else "  higher" if after > before else ""
            print(f"{part:7} {name:34} {share:6.1%}  floor {before:.2f} -> {after:.2f}{note}")
    PATH.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
