"""A saved model: a folder of two kinds of table and a JSON file, which executes nothing.

``grounds.parquet`` and ``cues.parquet``: the terms by group. ``terms.parquet``: one row a feature with
its idf and weight. ``model.json``: everything else, with the SHA-256 of each table.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..data.exceptions import InputError, ModelError
from ..data.themes import THEMES
from ..features.columns import numbers, strings, to_numpy
from ..features.terms import Term, TermTable
from ..features.vocabulary import Vocabulary
from .theme_model import ThemeModel

FORMAT_VERSION: Final = 1
_TABLES: Final = ("grounds.parquet", "cues.parquet", "terms.parquet")
DEFAULT_MODEL: Final = Path(__file__).parent / "default"


def save(model: ThemeModel, path: str | Path) -> Path:
    """Write a model to a folder, whole or not at all.

    Equal models give equal files, byte for byte (with equal versions of pyarrow).

    Raises
    ------
    InputError
        When the path exists and is not a saved model, which is never overwritten.
    """
    path = Path(path)
    if path.exists() and not (path / "model.json").is_file():
        raise InputError(
            "exists and is not a saved model", path=path, remedy="Choose another output folder."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        terms = model.vocabulary.to_table(model.grounds, model.cues)
        tables = (
            _terms_table(model.grounds),
            _terms_table(model.cues),
            terms.append_column("weight", numbers(model.coef)),
        )
        for name, table in zip(_TABLES, tables, strict=True):
            pq.write_table(table, scratch / name, compression="zstd")
        description = {
            "format_version": FORMAT_VERSION,
            "themes": list(THEMES),
            "intercept": model.intercept,
            "calibration": model.calibration.tolist(),
            "thresholds": dict(zip(THEMES, model.thresholds.tolist(), strict=True)),
            "metadata": dict(model.metadata),
            "sha256": {name: _sha256(scratch / name) for name in _TABLES},
        }
        description["sha256"]["model.json"] = _own_digest(description)
        text = json.dumps(description, indent=1, sort_keys=True, ensure_ascii=False)
        (scratch / "model.json").write_text(text + "\n", encoding="utf-8")
        # Scratch folders are private; a model is for everyone the umask allows.
        scratch.chmod(0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
            os.replace(path, old / path.name)
            os.replace(scratch, path)
            shutil.rmtree(old)
        else:
            os.replace(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return path


def load(path: str | Path) -> ThemeModel:
    """Open a saved model.

    Raises
    ------
    ModelError
        When a file is missing, changed since it was written, or of another format version.
    """
    path = Path(path)
    description = _read_description(path)
    for name in _TABLES:
        if not (path / name).is_file():
            raise ModelError(f"{path}: {name} is missing. Copy the whole folder of the model.")
        if _sha256(path / name) != description["sha256"].get(name):
            raise ModelError(
                f"{path / name}: changed since the model was saved. "
                "Get the model again, or train it anew if you meant to edit it."
            )
    grounds = _terms_of(path / "grounds.parquet")
    cues = _terms_of(path / "cues.parquet")
    table = _read_table(path / "terms.parquet")
    vocabulary, order = Vocabulary.from_table(table, grounds, cues)
    return ThemeModel(
        grounds=grounds,
        cues=cues,
        vocabulary=vocabulary,
        coef=to_numpy(table["weight"])[order],
        intercept=float(description["intercept"]),
        calibration=np.array(description["calibration"], dtype=np.float64),
        thresholds=np.array([description["thresholds"][t] for t in THEMES], dtype=np.float64),
        metadata=description["metadata"],
    )


def _read_description(path: Path) -> dict[str, Any]:
    try:
        text = (path / "model.json").read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{path}: no model there (model.json is missing). "
            "Give the folder that `censorscope train --output` wrote."
        ) from None
    try:
        description: dict[str, Any] = json.loads(text)
        version, themes = description["format_version"], description["themes"]
        digest = description["sha256"].pop("model.json")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(f"{path / 'model.json'}: damaged. Get the model again.") from None
    if version != FORMAT_VERSION:
        raise ModelError(
            f"{path}: format version {version}, this release reads {FORMAT_VERSION}. "
            "Use the release that saved it, or train anew."
        )
    if themes != list(THEMES):
        raise ModelError(f"{path / 'model.json'}: other themes than this release knows.")
    if digest != _own_digest(description):
        raise ModelError(
            f"{path / 'model.json'}: changed since the model was saved. "
            "Get the model again; thresholds can be set with --threshold when labelling."
        )
    return description


def _own_digest(description: dict[str, Any]) -> str:
    """Return the SHA-256 of the description, which includes the digests of the tables."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def _terms_table(table: TermTable) -> pa.Table:
    groups, texts = ([t.group for t in table.terms], [t.text for t in table.terms])
    return pa.table({"group": strings(groups), "term": strings(texts)})


def _terms_of(path: Path) -> TermTable:
    columns = _read_table(path).to_pydict()
    return TermTable([Term(g, t) for g, t in zip(columns["group"], columns["term"], strict=True)])


def _read_table(path: Path) -> pa.Table:
    # pq.read_table would import pandas.
    with pq.ParquetFile(path) as file:
        return file.read(use_threads=False)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
