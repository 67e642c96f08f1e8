"""Label files one after another, with a bar on a terminal."""

import sys
from collections.abc import Iterator

import pyarrow as pa

from ..data.documents import Rejected, read_documents
from .labelling import Tally, label_batch
from .theme_model import ThemeModel


def counted(
    model: ThemeModel, sources: list[str], text_column: str, tally: Tally
) -> Iterator[tuple[pa.Table, list[Rejected]]]:
    """Yield labelled tables and rejected rows; the bar counts sentences, quiet when piped."""
    if not sys.stderr.isatty():
        for source in sources:
            for batch in read_documents(source, text_column=text_column):
                yield label_batch(model, batch, tally), batch.rejected
        return
    from tqdm import tqdm

    with tqdm(unit=" sentences", unit_scale=True, leave=False) as bar:
        for place, source in enumerate(sources, start=1):
            bar.set_description(f"file {place} of {len(sources)}")
            for batch in read_documents(source, text_column=text_column):
                before = tally.sentences
                yield label_batch(model, batch, tally), batch.rejected
                bar.update(tally.sentences - before)
