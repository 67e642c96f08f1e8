"""Files to be labelled -> batches of documents, in flat memory."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .rows import File, check_columns, is_table, problem_of, read_rows
from .sources import Sources

BATCH_CHARACTERS: Final = 4_000_000
"""A batch is closed when its texts reach this length."""
BATCH_ROWS: Final = 1 << 16
"""A batch is closed when it has so many documents and rejected rows."""


class Rejected(NamedTuple):
    """A row that could not be labelled.

    Attributes
    ----------
    file : str
    row : int
        Line (JSONL) or record (CSV, Parquet) of the file, counted from 1 without a header. Of CSV
        that is none every line counts as one.
    reason : str
    """

    file: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far the reading has come.

    Attributes
    ----------
    source : int
        A file, by its place among the sources; those before it are read.
    row : int
        The last row read of it, 0 for none.
    """

    source: int = 0
    row: int = 0


@dataclass(slots=True)
class DocumentBatch:
    """Some documents, in the order of the files.

    Attributes
    ----------
    documents, texts : list of str
    kept : dict of str to list of str
        By the name of the column; empty where a document has nothing there.
    pages : dict of int to (str, bytes)
        Path and content of HTML whose text is still to be found (`pages.extract_articles`), by
        place in `texts`.
    rejected : list of Rejected
    characters : int
    end : Position
        Of its last row, rejected ones included.
    bytes_read : int
        Of all sources, up to `end`.
    """

    documents: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)
    pages: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    characters: int = 0
    end: Position = field(default_factory=Position)
    bytes_read: int = 0

    def add(self, document: str, text: str | bytes, path: str, kept: Sequence[str]) -> None:
        """Append a document; bytes are HTML."""
        if isinstance(text, bytes):
            self.pages[len(self.texts)] = (path, text)
        self.documents.append(document)
        self.texts.append("" if isinstance(text, bytes) else text)
        for place, values in enumerate(self.kept.values()):
            values.append(kept[place] if kept else "")
        self.characters += len(text) + sum(map(len, kept))

    def leave_out(self, places: Container[int]) -> None:
        """Remove documents, by place."""

        def others(values: list[str]) -> list[str]:
            return [value for place, value in enumerate(values) if place not in places]

        self.documents, self.texts = others(self.documents), others(self.texts)
        self.kept = {name: others(values) for name, values in self.kept.items()}

    @property
    def is_full(self) -> bool:
        """Whether it is time for the next batch."""
        rows = len(self.documents) + len(self.rejected)
        return self.characters >= BATCH_CHARACTERS or rows >= BATCH_ROWS


def read_documents(
    sources: Sources,
    *,
    text_column: str = "text",
    keep: Sequence[str] = (),
    after: Position | None = None,
) -> Iterator[DocumentBatch]:
    """Read plain text or HTML articles, and the rows of CSV, JSONL and Parquet files.

    ``.gz`` and ``.zst`` are unpacked on the way. A row without text is rejected, not an error; so
    is one of several files that cannot be read to its end. What a batch holds depends
    only on where it begins.

    Parameters
    ----------
    sources : Sources
    text_column : str
        Column (or JSON field) that holds the text.
    keep : sequence of str
        Further columns whose values are wanted, as text.
    after : Position, optional
        The end of a batch: begin with the next.

    Raises
    ------
    InputError
        When a table has no such column, or the only file cannot be read.
    """
    after = after or Position()

    def new_batch() -> DocumentBatch:
        return DocumentBatch(kept={name: [] for name in keep})

    for path in sources.paths[after.source + 1 :]:
        # A wrong option shows before anything is labelled; the first file is read in a moment.
        if is_table(path):
            check_columns(File(path, text_column, tuple(keep), 0, 0))
    batch = new_batch()
    before = sum(sources.sizes[: after.source])
    for number in range(after.source, len(sources)):
        path, name = sources.paths[number], sources.name(number)
        skip = after.row if number == after.source else 0
        file = File(path, text_column, tuple(keep), skip, sources.sizes[number])
        for row in read_rows(file, alone=len(sources) == 1):
            if row.number <= skip:
                continue
            problem = problem_of(row)
            if problem:
                batch.rejected.append(Rejected(path, row.number, problem))
            else:
                document = row.identity or (f"{name}:{row.number}" if is_table(path) else name)
                batch.add(document, row.text, path, row.kept)
            if batch.is_full:
                ended = row.breaks_off
                batch.end = Position(number + 1) if ended else Position(number, row.number)
                batch.bytes_read = before + file.bytes_read()
                yield batch
                batch = new_batch()
        before += file.size
    if batch.documents or batch.rejected:
        batch.end, batch.bytes_read = Position(len(sources)), before
        yield batch
