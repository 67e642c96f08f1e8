"""An output that grows in a hidden folder, from which an interrupted run continues.

Beside ``labels.csv`` a run keeps ``.labels.csv.part/``: the pieces written so far (``rows``,
``rejected.jsonl``) and ``journal.json``, which says how much of them is sure, how far the reading had
come and of what run they are. A run that finds the journal of the same run cuts both files to the length
that is sure and reads on. When all is done the files get their own names and the folder goes.
"""

import hashlib
import json
import operator
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from ..data.documents import Position
from ..data.exceptions import InputError
from ..data.sources import Sources
from .formats import Format, rejected_path
from .labelling import Tally

SAVE_SECONDS: Final = 2.0
"""Least time between two entries in the journal; a run that is done sooner leaves none."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is sure of an output.

    Attributes
    ----------
    position : Position
        How far the reading has come.
    tally : Tally
    bytes_read : int
    lengths : tuple of int
        Of ``rows`` and ``rejected.jsonl``, in bytes.
    """

    position: Position = field(default_factory=Position)
    tally: Tally = field(default_factory=Tally)
    bytes_read: int = 0
    lengths: tuple[int, int] = (0, 0)


class GrowingOutput:
    """The unfinished output of a run.

    Attributes
    ----------
    done : Done
    resumed : bool
        Whether some of it is from an earlier run.
    discarded : bool
        Whether there was something of another run.
    """

    def __init__(
        self, folder: Path, run: Mapping[str, Any], sources: Sources, header: bytes
    ) -> None:
        self._folder, self._run, self._sources = folder, dict(run), sources
        self._journal = folder / "journal.json"
        self._rows = _open(folder / "rows")
        self._rejected = _open(folder / "rejected.jsonl")
        self._hash, self._hashed = hashlib.sha256(), 0
        self._saved_at = time.monotonic()
        entry = self._entry()
        self.discarded = entry is None and self._journal.exists()
        self.resumed = self._in_journal = entry is not None
        self.done = entry or Done()
        for file, length in zip((self._rows, self._rejected), self.done.lengths, strict=True):
            file.truncate(length)
            file.seek(length)
        if entry is None:
            self._journal.unlink(missing_ok=True)
            self._rows.write(header)
            self.done = Done(lengths=(len(header), 0))

    def append(
        self, rows: bytes, rejected: bytes, tally: Tally, end: Position, bytes_read: int
    ) -> None:
        """Add a piece; now and then make sure of all so far."""
        self._rows.write(rows)
        self._rejected.write(rejected)
        # One assignment, so that Ctrl-C finds the whole piece in it or nothing.
        self.done = Done(
            end,
            self.done.tally + tally,
            bytes_read,
            (self.done.lengths[0] + len(rows), self.done.lengths[1] + len(rejected)),
        )
        if self._sources.resumable and time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self._save()

    def finish(self, output: Path, form: Format) -> None:
        """Give the output its own name, and list the rejected rows beside it."""
        if self._in_journal:
            self._save()
        self._rows.close()
        self._rejected.close()
        listing = rejected_path(output)
        finished = form.finish(self._folder / "rows")
        with finished.open("rb") as stream:
            os.fsync(stream.fileno())
        if self.done.lengths[1]:
            (self._folder / "rejected.jsonl").replace(listing)
        else:
            listing.unlink(missing_ok=True)
        finished.replace(output)
        self._in_journal = False

    def close(self) -> None:
        """Keep what an interrupted run has done if it was worth an entry; else leave nothing."""
        # Where nothing can be written any more, or the files are closed, the last entry holds.
        with suppress(OSError, ValueError):
            if self._in_journal:
                self._save()
        for file in (self._rows, self._rejected):
            with suppress(OSError):
                file.close()
        if self._in_journal:
            print("what is done is kept: the same command continues there", file=sys.stderr)
        else:
            shutil.rmtree(self._folder)

    def _save(self) -> None:
        for file in (self._rows, self._rejected):
            file.flush()
            os.fsync(file.fileno())
        entry = {"run": self._run, "sources": self._digest(self.done.position)} | asdict(self.done)
        scratch = self._journal.with_suffix(".new")
        with scratch.open("w", encoding="utf-8") as stream:
            json.dump(entry, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(self._journal)
        self._in_journal = True
        self._saved_at = time.monotonic()

    def _entry(self) -> Done | None:
        """Return what the journal is sure of, None when it is of another run or none."""
        try:
            entry = json.loads(self._journal.read_text(encoding="utf-8"))
            done = Done(
                Position(**entry["position"]),
                Tally(**entry["tally"]),
                int(entry["bytes_read"]),
                (int(entry["lengths"][0]), int(entry["lengths"][1])),
            )
            same = entry["run"] == self._run and entry["sources"] == self._digest(done.position)
        except (FileNotFoundError, ValueError, KeyError, TypeError, IndexError):
            return None
        present = (os.fstat(file.fileno()).st_size for file in (self._rows, self._rejected))
        return done if same and all(map(operator.ge, present, done.lengths)) else None

    def _digest(self, position: Position) -> str:
        """Return the SHA-256 of name, size and time of the files read or begun."""
        begun = position.source + (position.row > 0)
        if begun < self._hashed:
            self._hash, self._hashed = hashlib.sha256(), 0
        new, sources = slice(self._hashed, begun), self._sources
        for entry in zip(
            sources.paths[new], sources.sizes[new], sources.modified[new], strict=True
        ):
            self._hash.update(json.dumps(entry).encode())
        self._hashed = begun
        return self._hash.hexdigest()


@contextmanager
def growing_output(
    output: Path, form: Format, run: Mapping[str, Any], sources: Sources
) -> Iterator[GrowingOutput]:
    """Let an output grow, and give it its own name when the block has ended without an error.

    Parameters
    ----------
    output : Path
    form : Format
    run : mapping
        All that the output depends on, the files apart; goes into the journal.
    sources : Sources

    Raises
    ------
    InputError
        When the output cannot be written, or another run is writing it.
    """
    if not output.parent.is_dir():
        raise InputError("no such folder", path=output.parent, remedy="Make it first.")
    if output.exists() and not output.is_file():
        raise InputError("is no ordinary file", path=output, remedy="Give the name of a file.")
    folder = output.with_name(f".{output.name}.part")
    try:
        folder.mkdir(exist_ok=True)
        with _locked(folder / "lock", output):
            grown = GrowingOutput(folder, run, sources, form.header())
            try:
                yield grown
                grown.finish(output, form)
            finally:
                grown.close()
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", path=output) from None


def _open(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666), "wb")


@contextmanager
def _locked(path: Path, output: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:
        yield  # Windows: nothing keeps two runs of one output apart
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                "another run is writing it", path=output, remedy="Wait for its end, or end it."
            ) from None
        yield
