"""How far a run has come: a bar on a terminal, silence elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Progress:
    """Shows how far a run has come, on a tqdm bar or, without one, nowhere."""

    def __init__(self, bar: Any = None) -> None:
        self._bar = bar

    def __call__(self, bytes_read: int, sentences: int) -> None:
        """Take the bytes read of all files, and the sentences labelled since the bar began."""
        bar = self._bar
        if bar is None:
            return
        elapsed = bar.format_dict["elapsed"]
        rate = f"{sentences / elapsed:,.0f}/s" if elapsed else "-"
        bar.postfix = f"{sentences:,} sentences, {rate}"
        bar.update(bytes_read - bar.n)
        bar.refresh()

    def say(self, line: str) -> None:
        """Print a line on standard error, above the bar."""
        if self._bar is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._bar.write(line, file=sys.stderr)


@contextmanager
def progress(total: int, bytes_read: int = 0, *, quiet: bool = False) -> Iterator[Progress]:
    """Show bytes read, sentences, their rate and the time left, on a terminal.

    Parameters
    ----------
    total : int
        Bytes to be read, 0 if not known.
    bytes_read : int
        Those that an earlier run has read.
    quiet : bool
        Show nothing even there.
    """
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    from tqdm import tqdm

    known = "{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt}{postfix}, {remaining} left"
    with tqdm(
        total=total or None,
        initial=bytes_read,
        unit="B",
        unit_scale=True,
        leave=False,
        dynamic_ncols=True,
        bar_format=known if total else "{elapsed}{postfix}",
    ) as bar:
        yield Progress(bar)
