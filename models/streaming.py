"""Files -> labelled sentences: read, labelled in one or more processes, written."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..data.documents import DocumentBatch, Position, Rejected, read_documents
from ..data.exceptions import InputError
from ..data.pages import extract_articles, require_html
from ..data.sources import Sources
from .formats import Format
from .labelling import Tally, label_batch, output_schema
from .progress import progress
from .theme_model import ThemeModel


@dataclass(frozen=True, slots=True)
class Piece:
    """What one batch adds to the output.

    Attributes
    ----------
    rows : bytes
    rejected : list of Rejected
    tally : Tally
    end : Position
    bytes_read : int
        Of all sources, up to `end`.
    """

    rows: bytes
    rejected: list[Rejected]
    tally: Tally
    end: Position
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Labeller:
    """Makes a piece of output of a batch; can be sent to another process."""

    model: ThemeModel
    form: Format

    def __call__(self, batch: DocumentBatch) -> Piece:
        """Label a batch."""
        extract_articles(batch)
        tally = Tally()
        rows = self.form.encode(label_batch(self.model, batch, tally))
        return Piece(rows, batch.rejected, tally, batch.end, batch.bytes_read)


@dataclass(frozen=True, slots=True)
class Archive:
    """What is to be labelled, and how.

    Attributes
    ----------
    sources : Sources
    model : ThemeModel
    kind : str
        Form of the output, see `formats.Format`.
    text_column : str
    keep : tuple of str
        Columns of the documents' tables that go into the output.
    jobs : int
        Number of processes; the output does not depend on it.
    """

    sources: Sources
    model: ThemeModel
    kind: str
    text_column: str = "text"
    keep: tuple[str, ...] = ()
    jobs: int = 1

    @property
    def form(self) -> Format:
        """The form of the output."""
        return Format(self.kind, output_schema(self.model, self.keep))

    def pieces(self, after: Position) -> Iterator[Piece]:
        """Yield the pieces of the output from a position on, in order."""
        labeller = Labeller(self.model, self.form)
        batches = read_documents(
            self.sources, text_column=self.text_column, keep=self.keep, after=after
        )
        if self.jobs == 1:
            return map(labeller, batches)
        from .parallel import ordered_map

        return ordered_map(labeller, batches, self.jobs)

    def print(self) -> Tally:
        """Label to standard output, and name the rejected rows on standard error."""
        if self.kind == "parquet":
            raise InputError("Parquet needs a file", remedy="Give one with --output.")
        if sys.stdout is None:
            raise InputError("standard output is closed", remedy="Give a file with --output.")
        require_html(self.sources)
        tally = Tally()
        # On a terminal the output itself shows how far it is.
        with progress(sum(self.sources.sizes), quiet=sys.stdout.isatty()) as show:
            _print(self.form.header())
            for piece in self.pieces(Position()):
                _print(piece.rows)
                for row in piece.rejected:
                    show.say(f"not labelled: {row.file}:{row.row}: {row.reason}")
                tally += piece.tally
                show(piece.bytes_read, tally.sentences)
        return tally

    def write(self, output: Path) -> Tally:
        """Label to a file, from where an interrupted run of the same stopped."""
        from .resume import growing_output

        require_html(self.sources)
        review_from = self.model.review_from
        run = {
            "version": __version__,
            "model": self.model.digest,
            "thresholds": self.model.thresholds.tolist(),
            "review_from": None if review_from is None else review_from.tolist(),
            "format": self.kind,
            "columns": self.form.schema.names,
            "text_column": self.text_column,
            "root": self.sources.root,
        }
        with (
            growing_output(output, self.form, run, self.sources) as grown,
            progress(sum(self.sources.sizes), grown.done.bytes_read) as show,
        ):
            before = grown.done.tally
            if grown.resumed:
                show.say(
                    f"continuing an interrupted run: {before.sentences:,} sentences of "
                    f"{before.documents:,} documents are done"
                )
            elif grown.discarded:
                show.say("an interrupted run had other files or options: starting anew")
            for piece in self.pieces(grown.done.position):
                rejected = _listed(piece.rejected)
                grown.append(piece.rows, rejected, piece.tally, piece.end, piece.bytes_read)
                show(piece.bytes_read, grown.done.tally.sentences - before.sentences)
        return grown.done.tally


def _print(rows: bytes) -> None:
    """Write UTF-8 to standard output, whatever the locale."""
    binary = getattr(sys.stdout, "buffer", None)
    try:
        if binary is None:
            sys.stdout.write(rows.decode())  # a notebook's takes text alone
        else:
            binary.write(rows)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise InputError(
            f"standard output cannot be written ({error.strerror})",
            remedy="Give a file with --output.",
        ) from None


def _listed(rejected: list[Rejected]) -> bytes:
    lines = (json.dumps(row._asdict(), ensure_ascii=False) + "\n" for row in rejected)
    return "".join(lines).encode(errors="replace")
