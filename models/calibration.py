"""Scores -> probabilities that mean what they say where the model will be used, and decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from ..data.themes import N_THEMES
from .theme_model import PRECISIONS
from .thresholds import best_f1_threshold, precision_threshold

EXPECTED_PREVALENCE: Final = (0.15, 0.1, 0.1, 0.3)
"""Share of the mentions of each ground, in the order of `THEMES`, that news reports control on.

In ordinary news most rumours, attacks and frauds are told for themselves. See docs/decisions.md.
"""

Prevalence = float | Sequence[float]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What out-of-fold scores teach about probabilities and decisions.

    Attributes
    ----------
    calibration : ndarray of float64, shape (4, 2)
    thresholds : ndarray of float64, shape (4,)
        Of highest F1.
    precision_thresholds : ndarray of float64, shape (n_precisions, 4)
        For each precision of `PRECISIONS` the threshold that reaches it.
    probability : ndarray of float64, shape (n_mentions,)
        Of the scores given.
    """

    calibration: np.ndarray
    thresholds: np.ndarray
    precision_thresholds: np.ndarray
    probability: np.ndarray


def calibrate(
    scores: np.ndarray, y: np.ndarray, theme: np.ndarray, prevalence: Prevalence
) -> Calibrated:
    """Fit calibration and thresholds a theme on scores of mentions that no model was fitted on.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_mentions,)
    y : ndarray of bool, shape (n_mentions,)
    theme : ndarray of int64, shape (n_mentions,)
    prevalence : float or sequence of float
        See `prevalence_weights`.
    """
    weights = prevalence_weights(y, theme, prevalence)
    of_theme = [theme == t for t in range(N_THEMES)]
    calibration = np.array([fit_platt(scores[m], y[m], weights[m]) for m in of_theme])
    slope, offset = calibration[theme].T
    probability = 1 / (1 + np.exp(-(slope * scores + offset)))
    thresholds = [best_f1_threshold(probability[m], y[m], weights[m]) for m in of_theme]
    at_precision = [
        [precision_threshold(probability[m], y[m], weights[m], target) for m in of_theme]
        for target in PRECISIONS
    ]
    return Calibrated(calibration, np.array(thresholds), np.array(at_precision), probability)


def prevalence_weights(y: np.ndarray, theme: np.ndarray, prevalence: Prevalence) -> np.ndarray:
    """Weigh the negative contexts of each theme so that positives make up a given share.

    Negatives are only weighed up: a corpus that already has more of them stays as it is.

    Parameters
    ----------
    y : ndarray of bool, shape (n_contexts,)
    theme : ndarray of int64, shape (n_contexts,)
    prevalence : float or sequence of float
        Share of positives, from 0 to below 1, one for all themes or one a theme; 0 gives weights of 1.

    Returns
    -------
    ndarray of float64, shape (n_contexts,)
    """
    weights = np.ones(len(y))
    for index, share in enumerate(np.broadcast_to(prevalence, N_THEMES)):
        negative = (theme == index) & ~y
        positives, negatives = int(((theme == index) & y).sum()), int(negative.sum())
        if share and positives and negatives:
            wanted = positives * (1 - share) / share
            weights[negative] = max(1.0, wanted / negatives)
    return weights


def fit_platt(scores: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Fit slope and offset of ``P(y) = sigmoid(slope * score + offset)``.

    Platt (1999), by a nearly unpenalised logistic regression. With one class only, the
    scores are left as they are; a slope that would turn the order round is not accepted.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
    y : ndarray of bool, shape (n,)
    weights : ndarray of float64, shape (n,)

    Returns
    -------
    slope, offset : float
        1 and 0 leave the scores as they are.
    """
    if y.all() or not y.any():
        return 1.0, 0.0
    fitted = LogisticRegression(C=1e3, solver="liblinear").fit(
        np.c_[scores, np.ones(len(scores))], y, sample_weight=weights
    )
    slope, constant = fitted.coef_[0]
    if slope <= 0:
        return 1.0, 0.0
    return float(slope), float(constant + fitted.intercept_[0])
