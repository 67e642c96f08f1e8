"""Names, folders and patterns that a user gives -> the files to be read, and what they are."""

import gzip
import io
import os
import sys
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from .exceptions import InputError

REJECTED: Final = ".rejected.jsonl"
"""What the name of a list of rejected rows ends with."""
STDIN: Final = "-"
HTML: Final = (".html", ".htm")
_COMPRESSIONS: Final = (".gz", ".zst")
_MAGIC: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Sources:
    """The files to be read, in order; made to hold a million of them.

    Attributes
    ----------
    paths : list of str
        As given or found; ``-`` is standard input.
    sizes, modified : array of int64
        Bytes, and time of the last change in ns, when they were found; 0 for standard input.
    root : str
        The folder that all of them are in: documents are named from there on.
    """

    paths: list[str]
    sizes: "array[int]"
    modified: "array[int]"
    root: str

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def resumable(self) -> bool:
        """Whether the same can be read again."""
        return STDIN not in self.paths

    def name(self, number: int) -> str:
        """Return what the document in a file is called: its path below `root`."""
        path = self.paths[number]
        if path == STDIN:
            return "stdin"
        return os.path.relpath(os.path.abspath(path), self.root).replace(os.sep, "/")


def find_sources(given: Iterable[str], *, outputs: Iterable[Path] = ()) -> Sources:
    """Find the files to be read.

    Parameters
    ----------
    given : iterable of str
        Files, folders, patterns such as ``archive/**/*.jsonl``, or ``-``. Folders and patterns
        stand for the files in them, sorted by name, without hidden ones and lists of rejected rows.
    outputs : iterable of Path
        Files that the run will replace: a folder or pattern does not stand for them.

    Raises
    ------
    InputError
        When a file is missing, a file or standard input is one of the outputs, or a folder or
        pattern holds none.
    """
    written = [os.stat(path) for path in outputs if os.path.exists(path)]
    paths: list[str] = []
    roots: list[str] = []
    for name in given:
        if name == STDIN and sys.stdin is None:
            raise InputError("standard input is closed", remedy="Give a file.")
        if name == STDIN or os.path.isfile(name):
            found, root = [name], os.path.dirname(name)
            if _is_one_of(name, written):
                raise InputError(
                    "the output would replace this input",
                    path="standard input" if name == STDIN else name,
                    remedy="Give another --output.",
                )
        elif os.path.isdir(name):
            found, root = sorted(_files_below(name)), name
        elif _MAGIC.isdisjoint(name):
            remedy = (
                "Give a file."
                if os.path.exists(name)
                else "Give a file, a folder, a pattern or `-`."
            )
            raise InputError("no such file", path=name, remedy=remedy)
        else:
            import glob

            found = sorted(filter(os.path.isfile, glob.iglob(name, recursive=True)))
            root = os.path.dirname(name[: min(map(name.find, _MAGIC & set(name)))])
        if found != [name]:
            found = [p for p in found if not (p.endswith(REJECTED) or _is_one_of(p, written))]
            if not found:
                kind_of = "folder holds" if os.path.isdir(name) else "pattern fits"
                raise InputError(f"the {kind_of} no file", path=name)
        paths.extend(found)
        roots.append(os.path.abspath(root))
    sizes, modified = array("q"), array("q")
    for path in paths:
        status = None if path == STDIN else os.stat(path)
        sizes.append(status.st_size if status else 0)
        modified.append(status.st_mtime_ns if status else 0)
    return Sources(paths, sizes, modified, os.path.commonpath(roots))


def _is_one_of(path: str, written: list[os.stat_result]) -> bool:
    if not written:
        return False
    try:
        status = os.fstat(sys.stdin.fileno()) if path == STDIN else os.stat(path)
    except (AttributeError, ValueError):
        return False  # closed, or no file, as in a notebook
    return any(os.path.samestat(status, other) for other in written)


def kind(path: str) -> str:
    """Return the suffix that tells how to read a file, without that of a compression."""
    name = path.lower()
    for compression in _COMPRESSIONS:
        name = name.removesuffix(compression)
    return os.path.splitext(name)[1]


@contextmanager
def unpacked(path: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file, unpacking ``.gz`` and ``.zst`` on the way.

    Yields
    ------
    content : file of bytes
    raw : file of bytes
        What is on disk, whose position tells how much has been read.
    """
    with open(path, "rb", buffering=0) as raw:
        if path.lower().endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as content:
                # It has a buffer of its own; a second one would lose what comes before a break.
                yield cast("IO[bytes]", content), raw
        elif path.lower().endswith(".zst"):
            import pyarrow as pa

            with pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd") as content:
                yield cast("IO[bytes]", io.BufferedReader(content, 1 << 18)), raw
        else:
            with io.BufferedReader(raw, 1 << 18) as content:
                yield cast("IO[bytes]", content), raw


def _files_below(folder: str) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(where, name)
            if not name.startswith(".") and os.path.isfile(path):
                yield path
