"""Compare a built wheel with the tree: ``python -m tests.check_wheel dist``."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("data", "evaluate", "features", "models", "train")
ENDINGS = (".py", ".tsv", ".typed", ".jsonl", ".json", ".parquet", ".txt", ".md", ".csv")


def expected() -> set[str]:
    """Return the files of the package that git knows, as they should be called in the wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *FOLDERS, "*.py", "py.typed"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return {
        f"censorscope/{name}"
        for name in listed
        if (name.split("/")[0] in FOLDERS or "/" not in name)
        and (name.endswith(ENDINGS) or name.endswith("corpus/LICENSE"))
    }


def main(folder: str) -> int:
    """Return 0 when the only wheel in the folder holds what it should, else 1."""
    (wheel,) = Path(folder).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {n for n in archive.namelist() if ".dist-info/" not in n}
    missing, extra = expected() - names, names - expected()
    for title, odd in (("missing from the wheel", missing), ("not in the tree", extra)):
        for name in sorted(odd):
            print(f"{title}: {name}", file=sys.stderr)
    print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1e6:.2f} MB")
    return 1 if missing or extra else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
