"""Rules that turn probabilities on out-of-fold sentences into a threshold."""

import numpy as np


def best_f1_threshold(probability: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Return the threshold of highest weighted F1, halfway to the next probability below.

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
    cut = int(np.argmax(f1))
    below = ranked[cut + 1] if cut + 1 < len(ranked) else 0.0
    return float((ranked[cut] + below) / 2)
