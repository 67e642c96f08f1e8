"""A real wheel in a fresh environment labels at once, offline, with no training."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests import check_wheel

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy of what git knows, so that a stale build/ cannot leak into it."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(tree)],
        check=True, capture_output=True,
    )  # fmt: skip
    return next(out.glob("*.whl"))


@pytest.mark.system
def test_the_wheel_holds_the_tree(wheel, capsys) -> None:
    assert check_wheel.main(str(wheel.parent)) == 0, capsys.readouterr().err


@pytest.mark.system
def test_labelling_works_right_after_installing(wheel, tmp_path) -> None:
    """The dependencies come from the environment of the tests, the package from the wheel."""
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--target", str(site), str(wheel)],
        check=True, capture_output=True,
    )  # fmt: skip
    ours = next(Path(p) for p in sys.path if p.endswith("site-packages"))
    code = (
        f"import sys; sys.path.append({str(ours)!r})\n"
        "import censorscope\n"
        "print(censorscope.__file__)\n"
        "print(censorscope.load().label(['Sites were shut over obscene films.'])['labels'][0])"
    )
    done = subprocess.run(
        [str(python), "-I", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    where, labels = done.stdout.splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert labels == "pornography"
