"""One training run from files to a saved, tracked and registered model."""

import hashlib
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from ..data.corpus import development_and_test, digest
from ..data.reader import read_labelled
from ..data.splits import split_by_article
from ..evaluate.baselines import fit_baselines
from ..evaluate.comparison import Comparison, compare
from ..models.storage import require_place, save
from ..models.theme_model import ThemeModel
from .learning_curve import learning_curve
from .search import Candidate, best, fold_groups, search
from .settings import TrainSettings

PACKAGES: Final = ("numpy", "pandas", "pyarrow", "scikit-learn", "PyStemmer", "sentencex")
_ROOT: Final = Path(__file__).parents[1]
_CODE_THAT_SHAPES: Final = (
    "features/*.py",
    "features/*.tsv",
    "data/themes.py",
    "models/calibration.py",
    "models/classifier.py",
    "models/theme_model.py",
    "models/thresholds.py",
    "train/search.py",
)

Report = Callable[[str], None]


@dataclass(frozen=True)
class TrainResult:
    """What a run produced.

    Attributes
    ----------
    model : ThemeModel
    path : Path
        Where it was saved.
    candidates : list of Candidate
    chosen : Candidate
    comparison : Comparison
        The model and the baselines on the held-back articles.
    train, test : pandas.DataFrame
    learning_curve : pandas.DataFrame
        Columns sentences and macro_f1.
    seconds : float
        Wall time of search and fit.
    """

    model: ThemeModel
    path: Path
    candidates: list[Candidate]
    chosen: Candidate
    comparison: Comparison
    train: pd.DataFrame
    test: pd.DataFrame
    learning_curve: pd.DataFrame
    seconds: float


def read_parts(settings: TrainSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training part (with the corpus's validation part) and the held-back part."""
    if settings.data:
        frame = read_labelled(*settings.data)
        return split_by_article(frame, test_share=settings.test_share, seed=settings.seed)
    return development_and_test()


def fit(
    settings: TrainSettings, train: pd.DataFrame, report: Report = lambda _: None
) -> tuple[ThemeModel, list[Candidate], Candidate]:
    """Search, fit, calibrate and choose thresholds; write nothing.

    Raises
    ------
    InputError
        When the data do not suffice to train on.
    """
    candidates = []
    for candidate in search(train, settings):
        candidates.append(candidate)
        named = ", ".join(f"{k}={v}" for k, v in candidate.params.items())
        report(f"candidate {named}: average precision {candidate.average_precision:.3f}")
    chosen = best(candidates)
    model = chosen.classifier.to_model(
        data_digest=digest(train),
        code_digest=code_digest(),
        settings=settings.shaping(),
        chosen=chosen.params,
        packages={name: version(name) for name in PACKAGES},
        python=platform.python_version(),
        out_of_fold_average_precision=chosen.average_precision,
    )
    return model, candidates, chosen


def run(
    settings: TrainSettings,
    report: Report = lambda _: None,
    before_fit: Callable[[], None] = lambda: None,
) -> TrainResult:
    """Do a whole run without tracking: read, fit, evaluate on the held-back articles, save.

    Parameters
    ----------
    settings : TrainSettings
    report : callable
        Is told, in a line each, how far the run is.
    before_fit : callable
        Called when the data are read; an error of its own stops the run before the long part.

    Raises
    ------
    InputError
        When the data cannot be read or do not suffice, or the model cannot be saved.
    """
    require_place(settings.output)
    train, test = read_parts(settings)
    report(f"read {len(train):,} sentences to train on, {len(test):,} held back")
    before_fit()
    started = time.perf_counter()
    model, candidates, chosen = fit(settings, train, report)
    seconds = time.perf_counter() - started
    report("evaluating on the held-back articles, beside the baselines")
    comparison = compare(test, {"censorscope": model, **fit_baselines(train)}, seed=settings.seed)
    curve = _learning_curve(settings, chosen, train, test)
    path = save(model, settings.output)
    report(f"saved the model to {path}")
    return TrainResult(model, path, candidates, chosen, comparison, train, test, curve, seconds)


def _learning_curve(
    settings: TrainSettings, chosen: Candidate, train: pd.DataFrame, test: pd.DataFrame
) -> pd.DataFrame:
    if settings.scorer == "encoder":
        # Four more rounds of fine-tuning would cost more than the curve tells.
        return pd.DataFrame(columns=["sentences", "macro_f1"])
    curve = learning_curve(
        settings, chosen.params, train, {"macro_f1": test}, seeds=(settings.seed,)
    )
    return curve[["sentences", "macro_f1"]]


def code_digest() -> str:
    """Return a SHA-256 of the sources that shape the numbers of a table model.

    Not of those that only apply or keep the numbers, nor of an encoder's.
    """
    total = hashlib.sha256()
    for pattern in _CODE_THAT_SHAPES:
        for path in sorted(_ROOT.glob(pattern)):
            total.update(path.relative_to(_ROOT).as_posix().encode())
            total.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return total.hexdigest()


def describe(settings: TrainSettings, result: TrainResult) -> dict[str, Any]:
    """Return the facts of a run that the tracking store and the model card share.

    Returns
    -------
    dict
        ``data`` (names of the files), ``calibration`` (what calibration and thresholds come from),
        the numbers of sentences and articles, and the digests of data and code.
    """
    divided = fold_groups(result.train).name
    calibration = f"out-of-fold predictions with folds by {divided}"
    if settings.scorer == "encoder":
        calibration = (
            f"one part of the training text, held out by {divided}, unseen by that encoder"
        )
    return {
        "data": list(settings.data) or ["corpus of the package"],
        "calibration": calibration,
        "train_sentences": len(result.train),
        "train_articles": int(result.train["article"].nunique()),
        "test_sentences": len(result.test),
        "test_articles": int(result.test["article"].nunique()),
        "data_digest": result.model.metadata["data_digest"],
        "code_digest": result.model.metadata["code_digest"],
    }
