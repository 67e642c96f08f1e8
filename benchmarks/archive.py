"""An archive of any size from the articles of the corpus, for the proofs beside this file."""

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CORPUS = Path(__file__).parents[1] / "data" / "corpus"


def articles() -> list[str]:
    """Return the text of every article of the corpus, one sentence a line."""
    lines = (
        line
        for path in sorted(CORPUS.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    return ["\n".join(s["text"] for s in json.loads(line)["sentences"]) for line in lines]


def rows(size: int) -> Iterator[tuple[str, str]]:
    """Yield ids and texts, over and over again, up to so many bytes of text."""
    written = 0
    for number, text in enumerate(itertools.cycle(articles())):
        if written >= size:
            return
        written += len(text.encode())
        yield f"article-{number}", text


def write_archive(path: Path, size: int) -> None:
    """Write a CSV, JSONL or Parquet file with so many bytes of text.

    One row in 1,000 has no text. Parquet gets one row group, which is the hardest to read.
    """
    found = (
        (identity, "" if number % 1000 == 999 else text)
        for number, (identity, text) in enumerate(rows(size))
    )
    if path.suffix == ".parquet":
        ids, texts = zip(*found, strict=True)
        # Without a dictionary: repeated articles would be stored, and read, only once.
        table = pa.table({"id": list(ids), "text": pa.array(texts, pa.large_string())})
        pq.write_table(table, path, row_group_size=len(table), use_dictionary=False)
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        if path.suffix == ".csv":
            writer = csv.writer(stream)
            writer.writerow(("id", "text"))
            writer.writerows(found)
        else:
            for identity, text in found:
                row = {"id": identity, "text": text}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
