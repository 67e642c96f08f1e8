"""Rules that turn probabilities on out-of-fold sentences into a threshold."""

from typing import Final

import numpy as np

UNREACHABLE: Final = 2.0
"""A threshold that no probability reaches."""


def best_f1_threshold(probability: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Return the threshold of highest expected F1: half the highest F1 that is reached.

    That holds for calibrated probabilities (Lipton, Elkan and Naryanaswamy 2014, theorem 1), and is
    steadier than the place of the maximum, which jumps with single sentences.

    Parameters
    ----------
    probability : ndarray of float64, shape (n,)
    y : ndarray of bool, shape (n,)
    weights : ndarray of float64, shape (n,)

    Returns
    -------
    float
        0.5 when there is no positive to learn from.
    """
    if not y.any():
        return 0.5
    order = np.argsort(-probability, kind="stable")
    ranked, hit, weight = probability[order], y[order], weights[order]
    true_positive = np.cumsum(weight * hit)
    f1 = 2 * true_positive / (np.cumsum(weight) + true_positive[-1])
    # Equal probabilities are decided alike: only the last of a run is a possible cut.
    f1[:-1][ranked[:-1] == ranked[1:]] = 0
    return float(f1.max() / 2)


def precision_threshold(
    probability: np.ndarray, y: np.ndarray, weights: np.ndarray, target: float
) -> float:
    """Return the lowest threshold from which on the weighted precision stays at or above a target.

    Parameters
    ----------
    probability : ndarray of float64, shape (n,)
    y : ndarray of bool, shape (n,)
    weights : ndarray of float64, shape (n,)
    target : float
        Wanted precision, in (0, 1].

    Returns
    -------
    float
        Above 1 when no threshold reaches the target: nothing is then labelled unread.
    """
    order = np.argsort(-probability, kind="stable")
    ranked, hit, weight = probability[order], y[order], weights[order]
    precision = np.cumsum(weight * hit) / np.cumsum(weight)
    # Equal probabilities are decided alike: only the last of a run is a possible cut.
    precision[:-1][ranked[:-1] == ranked[1:]] = 0
    reached = np.flatnonzero(precision >= target)
    if not len(reached):
        return UNREACHABLE
    cut = int(reached[-1])
    below = ranked[cut + 1] if cut + 1 < len(ranked) else 0.0
    return float((ranked[cut] + below) / 2)
