"""What the documents promise: their links lead somewhere, and the first example runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in (
        "README.md", "CONTRIBUTING.md", "docs/*.md", "data/corpus/*.md", "benchmarks/*.md",
    )
    for path in ROOT.glob(pattern)
)  # fmt: skip
_LINK = re.compile(r"\]\(<?([^)\s>]+)")
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PROMISE = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)


def relative_links(document: Path) -> list[str]:
    """Return what a document links to in the tree, without the anchors."""
    targets = [link.partition("#")[0] for link in _LINK.findall(document.read_text("utf-8"))]
    return [t for t in targets if t and not re.match(r"[a-z]+:", t)]


def test_documents_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "DATASHEET.md"} <= {path.name for path in DOCUMENTS}
    assert "docs/decisions.md" in {p.relative_to(ROOT).as_posix() for p in DOCUMENTS}
    assert "data/corpus/CODEBOOK.md" in relative_links(ROOT / "README.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_relative_links_lead_to_files(document) -> None:
    assert [t for t in relative_links(document) if not (document.parent / t).exists()] == []


def test_the_first_example_gives_what_it_says() -> None:
    example = _PYTHON.search((ROOT / "README.md").read_text("utf-8"))
    assert example is not None
    promised = _PROMISE.findall(example[1])
    done = subprocess.run(
        [sys.executable, "-c", example[1]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert promised
    assert done.stdout.splitlines() == promised
