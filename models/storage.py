"""A saved model: a folder that executes nothing when it is opened.

``grounds.parquet``: the ground terms by theme.
``model.json``: calibration, thresholds, what is known of the training, and the SHA-256 of every file.
A table model has ``cues.parquet``, the cues by kind, and ``terms.parquet``, one row a feature with its
idf and weight; an encoder model has a folder ``encoder`` of safetensors and JSON.
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
from pyarrow._parquet import ParquetReader

from ..data.exceptions import InputError, ModelError
from ..data.themes import THEMES
from ..features.columns import numbers, strings, to_numpy
from ..features.terms import Term, TermTable
from ..features.vocabulary import Vocabulary
from .table_model import TableModel
from .theme_model import PRECISIONS, ThemeModel

FORMAT_VERSION: Final = 3
DEFAULT_MODEL: Final = Path(__file__).parent / "default"


def save(model: ThemeModel, path: str | Path) -> Path:
    """Write a model to a folder, whole or not at all.

    Equal models give equal files, byte for byte (with equal versions of pyarrow).

    Raises
    ------
    InputError
        See `require_place`.
    """
    path = Path(path)
    require_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        _write_table(_terms_table(model.grounds), scratch / "grounds.parquet")
        description = {
            "format_version": FORMAT_VERSION,
            "themes": list(THEMES),
            "calibration": model.calibration.tolist(),
            "thresholds": _by_theme(model.thresholds),
            "precision_thresholds": {
                str(precision): _by_theme(row)
                for precision, row in zip(PRECISIONS, model.precision_thresholds, strict=True)
            },
            "metadata": dict(model.metadata),
        }
        if isinstance(model, TableModel):
            description |= {"scorer": "table", "intercept": model.intercept}
            terms = model.vocabulary.to_table(model.grounds, model.cues)
            _write_table(_terms_table(model.cues), scratch / "cues.parquet")
            _write_table(
                terms.append_column("weight", numbers(model.coef)), scratch / "terms.parquet"
            )
        else:
            from .encoder_model import EncoderModel

            assert isinstance(model, EncoderModel)
            description["scorer"] = "encoder"
            model.encoder.save(scratch / "encoder")
        description["sha256"] = {name: _sha256(scratch / name) for name in _files(scratch)}
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


def require_place(path: str | Path) -> None:
    """Refuse a place where a model cannot be saved; leave nothing there.

    Raises
    ------
    InputError
        When the path exists and is not a saved model, which is never overwritten, or cannot be
        written.
    """
    path = Path(path)
    remedy = "Choose another output folder."
    try:
        if path.exists() and not (path / "model.json").is_file():
            raise InputError("exists and is not a saved model", path=path, remedy=remedy)
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        # Only an attempt tells: rights, read-only disks and files in the place of folders.
        Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=folder)).rmdir()
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", path=path, remedy=remedy
        ) from None


def load(path: str | Path) -> ThemeModel:
    """Open a saved model.

    Raises
    ------
    ModelError
        When a file is missing, changed since it was written, or of another format version.
    """
    path = Path(path)
    description = _read_description(path)
    for name, digest in description["sha256"].items():
        if not (path / name).is_file():
            raise ModelError(f"{path}: {name} is missing. Copy the whole folder of the model.")
        if _sha256(path / name) != digest:
            raise ModelError(
                f"{path / name}: changed since the model was saved. "
                "Get the model again, or train it anew if you meant to edit it."
            )
    grounds = _terms_of(_read_table(path / "grounds.parquet"))
    shared: dict[str, Any] = {
        "grounds": grounds,
        "calibration": np.array(description["calibration"], dtype=np.float64),
        "thresholds": _in_order(description["thresholds"]),
        "precision_thresholds": np.array(
            [_in_order(description["precision_thresholds"][str(p)]) for p in PRECISIONS]
        ),
        "metadata": description["metadata"],
        "digest": _own_digest(description),
    }
    if description["scorer"] == "encoder":
        from .encoder import PairEncoder
        from .encoder_model import EncoderModel

        return EncoderModel(encoder=PairEncoder.load(path / "encoder"), **shared)
    cues = _terms_of(_read_table(path / "cues.parquet"))
    table = _read_table(path / "terms.parquet")
    vocabulary, order = Vocabulary.from_table(table, grounds, cues)
    return TableModel(
        cues=cues,
        vocabulary=vocabulary,
        coef=to_numpy(table["weight"])[order],
        intercept=float(description["intercept"]),
        **shared,
    )


def _by_theme(values: np.ndarray) -> dict[str, float]:
    return dict(zip(THEMES, values.tolist(), strict=True))


def _in_order(values: dict[str, float]) -> np.ndarray:
    return np.array([values[theme] for theme in THEMES], dtype=np.float64)


def _files(folder: Path) -> list[str]:
    """Return the files in a folder and below it, relative to it, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _read_description(path: Path) -> dict[str, Any]:
    try:
        content = (path / "model.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{path}: no model there (model.json is missing). "
            "Give the folder that `censorscope train --output` wrote."
        ) from None
    except OSError as error:
        raise ModelError(f"{path / 'model.json'}: cannot be read ({error.strerror}).") from None
    try:
        description: dict[str, Any] = json.loads(content.decode())
        version, themes = description["format_version"], description["themes"]
        digest = description["sha256"].pop("model.json")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
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


def _terms_of(table: pa.Table) -> TermTable:
    columns = table.to_pydict()
    return TermTable([Term(g, t) for g, t in zip(columns["group"], columns["term"], strict=True)])


def _write_table(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _read_table(path: Path) -> pa.Table:
    # By the reader that pyarrow.parquet itself uses: that imports pandas, and every file system Arrow knows.
    reader = ParquetReader()
    reader.open(str(path))
    try:
        return reader.read_all(use_threads=False)
    finally:
        reader.close()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
