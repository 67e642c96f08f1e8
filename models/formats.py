"""Tables of labelled sentences -> the bytes of an output, piece by piece.

The pieces of an output, one after another, are the output; only Parquet, which cannot be written that
way, is kept as Arrow streams until it is complete.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from ..data.sources import REJECTED
from ..data.themes import THEMES
from ..features.columns import strings
from .labelling import TO_READ

_TABLE_HEADER: Final = (
    f"{'rumour':>6} {'terror':>6} {'fraud':>6} {'porn':>6}  {'labels':28}  sentence\n"
)


@dataclass(frozen=True, slots=True)
class Format:
    """A form of output for tables of one schema.

    Attributes
    ----------
    kind : str
        ``table``, ``jsonl``, ``csv`` or ``parquet``.
    schema : pyarrow.Schema
        See `labelling.output_schema`.
    """

    kind: str
    schema: pa.Schema

    def header(self) -> bytes:
        """Return what an output begins with."""
        if self.kind == "table":
            return _TABLE_HEADER.encode()
        if self.kind == "csv":
            names = (name.replace('"', '""') for name in self.schema.names)
            return (",".join(f'"{name}"' for name in names) + "\n").encode()
        return b""

    def encode(self, table: pa.Table) -> bytes:
        """Return the rows of a table."""
        if self.kind == "parquet":
            sink = pa.BufferOutputStream()
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            with pa.ipc.new_stream(sink, self.schema, options=options) as writer:
                writer.write_table(table)
            return bytes(sink.getvalue())
        if self.kind == "csv":
            from pyarrow import csv

            csv.write_csv(
                table, sink := pa.BufferOutputStream(), csv.WriteOptions(include_header=False)
            )
            return bytes(sink.getvalue())
        if self.kind == "jsonl":
            return _json_lines(table)
        return "".join(map(_table_line, table.to_pylist())).encode()

    def finish(self, rows: Path) -> Path:
        """Return the file that holds the complete output, given that of all its pieces."""
        if self.kind != "parquet":
            return rows
        import pyarrow.parquet as pq

        finished = rows.with_name("rows.parquet")
        with (
            pa.OSFile(str(rows)) as stream,
            pq.ParquetWriter(finished, self.schema, compression="zstd") as writer,
        ):
            while stream.tell() < stream.size():
                with pa.ipc.open_stream(stream) as reader:
                    writer.write_table(reader.read_all())
        return finished


def rejected_path(output: Path) -> Path:
    """Return where the rejected rows of an output are listed."""
    return output.with_name(f"{output.name}{REJECTED}")


def _json_lines(table: pa.Table) -> bytes:
    """Return what json.dumps of every row would (but 0 for 0.0), joined column by column."""
    import pyarrow.compute as pc

    quote = json.JSONEncoder(ensure_ascii=False).encode

    def literal(text: str) -> pa.Scalar:
        return strings([text])[0]  # pa.scalar would import pandas

    pieces: list[Any] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type):
            values = strings([quote(value) for value in column.to_pylist()])
        else:
            values = column.cast(pa.string()).combine_chunks()
        pieces += [literal(f"{', ' if pieces else '{'}{quote(name)}: "), values]
    lines = pc.binary_join_element_wise(*pieces, literal("}\n"), literal(""))
    # The buffer may be longer than the lines in it.
    length = int(np.frombuffer(lines.buffers()[1], dtype=np.int32)[len(lines)]) if lines else 0
    return bytes(lines.buffers()[2][:length]) if length else b""


def _table_line(row: dict[str, Any]) -> str:
    shown = " ".join(f"{row[theme]:6.2f}" if row[theme] else f"{'.':>6}" for theme in THEMES)
    # What a person has to read is marked.
    marked = [f"{theme}?" for theme in row.get(TO_READ, "").split(";") if theme]
    labels = ";".join([*filter(None, [row["labels"]]), *marked]) or "-"
    return f"{shown}  {labels:28}  {' '.join(row['text'].split())}\n"
