"""The corpus that ships with the project."""

import hashlib
import json
from pathlib import Path
from typing import Final

import pandas as pd

from .exceptions import InputError
from .reader import read_labelled
from .splits import split_by_ids

CORPUS_DIR: Final = Path(__file__).with_name("corpus")
SPLITS_PATH: Final = CORPUS_DIR / "splits.json"
ORDINARY_NEWS_AUTHORS: Final = ("t2", "t3")
"""Authors of the test part who wrote ordinary news, with mentions and labels as rare as they are there."""


def shards() -> list[Path]:
    """Return the files of the corpus, in order.

    Raises
    ------
    InputError
        When the installed package carries no corpus.
    """
    paths = sorted(CORPUS_DIR.glob("*.jsonl"))
    if not paths:
        raise InputError(
            "the corpus is not there", path=CORPUS_DIR, remedy="Reinstall censorscope."
        )
    return paths


def load_corpus() -> pd.DataFrame:
    """Return the whole corpus as a labelled table (see `data.reader.read_labelled`)."""
    return read_labelled(*shards())


def load_splits() -> dict[str, pd.DataFrame]:
    """Return the fixed parts ``train``, ``validation`` and ``test`` of the corpus."""
    return split_by_ids(load_corpus(), json.loads(SPLITS_PATH.read_text(encoding="utf-8")))


def development_and_test() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what may be learned from (training and validation parts) and what is held back."""
    parts = load_splits()
    return pd.concat([parts["train"], parts["validation"]], ignore_index=True), parts["test"]


def digest(frame: pd.DataFrame) -> str:
    """Return a SHA-256 of texts, labels and articles: the identity of a data set."""
    lines = frame.drop(columns=[c for c in frame if c == "sentence"]).to_json(
        orient="records", lines=True, force_ascii=False
    )
    return hashlib.sha256(lines.encode()).hexdigest()
