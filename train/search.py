"""A small, honest search: every candidate is judged on articles it was not fitted on."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import average_precision_score

from ..data.themes import N_THEMES, THEMES
from ..models.classifier import ThemeClassifier
from .settings import FEATURE_SETS, TrainSettings

if TYPE_CHECKING:
    from ..models.encoder_classifier import EncoderClassifier


@dataclass(frozen=True)
class Candidate:
    """One point of the grid and what it reached.

    Attributes
    ----------
    params : dict
        ``features`` (name of the set), ``C`` and ``min_df``; of an encoder its name and ``epochs``.
    classifier : ThemeClassifier or EncoderClassifier
        Fitted on all of the training part, with its out-of-fold probabilities.
    average_precision : float
        Mean over themes, out of fold: does not depend on thresholds or calibration.
    """

    params: dict[str, Any]
    classifier: "ThemeClassifier | EncoderClassifier"
    average_precision: float


def search(train: pd.DataFrame, settings: TrainSettings) -> Iterator[Candidate]:
    """Fit every candidate, in parallel, and yield them in the order of the grid.

    Parameters
    ----------
    train : pandas.DataFrame
        Columns text, article and one of bool a theme; author where known.
    settings : TrainSettings

    Raises
    ------
    InputError
        When the sentences do not suffice to train on, see `classifier.check_learnable`.
    """
    if settings.scorer == "encoder":
        # Fine-tuning is dear: one candidate, with the settings as they are.
        yield _fit(train, settings, {"encoder": settings.encoder, "epochs": settings.epochs})
        return
    grid = [
        {"features": features, "C": C, "min_df": min_df}
        for features, C, min_df in itertools.product(settings.features, settings.C, settings.min_df)
    ]
    parallel = Parallel(n_jobs=settings.jobs, return_as="generator")
    yield from parallel(delayed(_fit)(train, settings, params) for params in grid)


def best(candidates: list[Candidate]) -> Candidate:
    """Return the candidate of highest average precision, the earlier of equals."""
    return max(candidates, key=lambda c: c.average_precision)


def fold_groups(frame: pd.DataFrame) -> pd.Series:
    """Return what folds must not divide: the author where all are known, else the article.

    A model meets news written by others than its training text; folds by author show how it will
    fare there, folds by article of the same authors flatter it.
    """
    if "author" in frame and frame["author"].notna().all() and len(set(frame["author"])) > 1:
        return frame["author"]
    return frame["article"]


def make_classifier(
    settings: TrainSettings, params: dict[str, Any]
) -> "ThemeClassifier | EncoderClassifier":
    """Return the unfitted classifier of one candidate."""
    if settings.scorer == "encoder":
        from ..models.encoder_classifier import EncoderClassifier

        return EncoderClassifier(
            **params,
            expected_prevalence=settings.expected_prevalence,
            random_state=settings.seed,
            verbose=True,
        )
    return ThemeClassifier(
        C=params["C"],
        families=FEATURE_SETS[params["features"]],
        min_df=params["min_df"],
        expected_prevalence=settings.expected_prevalence,
        n_folds=settings.folds,
        random_state=settings.seed,
    )


def _fit(train: pd.DataFrame, settings: TrainSettings, params: dict[str, Any]) -> Candidate:
    Y = train[list(THEMES)].to_numpy()
    classifier = make_classifier(settings, params).fit(train["text"], Y, fold_groups(train))
    present = [k for k in range(N_THEMES) if Y[:, k].any()]
    known = ~np.isnan(classifier.oof_proba_[:, 0])
    precision = [
        average_precision_score(Y[known, k], classifier.oof_proba_[known, k]) for k in present
    ]
    return Candidate(params, classifier, float(np.mean(precision)))
