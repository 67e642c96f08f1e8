"""Scores -> probabilities that mean what they say where the model will be used."""

import numpy as np
from sklearn.linear_model import LogisticRegression


def prevalence_weights(y: np.ndarray, theme: np.ndarray, prevalence: float | None) -> np.ndarray:
    """Weigh the negative contexts of each theme so that positives make up a given share.

    Negatives are only weighed up: a corpus that already has more of them stays as it is.

    Parameters
    ----------
    y : ndarray of bool, shape (n_contexts,)
    theme : ndarray of int64, shape (n_contexts,)
    prevalence : float or None
        Share of positives, strictly between 0 and 1; None gives weights of 1.

    Returns
    -------
    ndarray of float64, shape (n_contexts,)
    """
    weights = np.ones(len(y))
    if prevalence is None:
        return weights
    for index in np.unique(theme):
        negative = (theme == index) & ~y
        positives, negatives = int(((theme == index) & y).sum()), int(negative.sum())
        if positives and negatives:
            wanted = positives * (1 - prevalence) / prevalence
            weights[negative] = max(1.0, wanted / negatives)
    return weights


def fit_platt(scores: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Fit slope and offset of ``P(y) = sigmoid(slope * score + offset)``.

    Platt (1999), by a nearly unpenalised logistic regression. With one class only, the
    scores are left as they are; a slope that would turn the order round is not accepted.
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
