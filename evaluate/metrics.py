"""Metrics over the fixed list of themes: a theme absent from the data still counts its false alarms."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from ..data.themes import N_THEMES, THEMES

N_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def theme_metrics(Y: np.ndarray, proba: np.ndarray, decisions: np.ndarray) -> pd.DataFrame:
    """Return one row a theme, then ``macro`` and ``micro``.

    Parameters
    ----------
    Y : ndarray of bool, shape (n, 4)
    proba : ndarray of float64, shape (n, 4)
    decisions : ndarray of bool, shape (n, 4)

    Returns
    -------
    pandas.DataFrame
        Columns precision, recall, f1, average_precision (missing without positives), brier,
        calibration_error (see `expected_calibration_error`), support. Precision, recall
        and F1 are 0 where they are undefined.
    """
    tp = (Y & decisions).sum(axis=0)
    predicted, actual = decisions.sum(axis=0), Y.sum(axis=0)
    rows = []
    for k in range(N_THEMES):
        ap = average_precision_score(Y[:, k], proba[:, k]) if actual[k] else np.nan
        rows.append(
            {
                **_prf(tp[k], predicted[k], actual[k]),
                "average_precision": ap,
                "brier": float(np.mean((proba[:, k] - Y[:, k]) ** 2)),
                "calibration_error": expected_calibration_error(Y[:, k], proba[:, k]),
                "support": int(actual[k]),
            }
        )
    frame = pd.DataFrame(rows, index=list(THEMES), dtype=float)
    frame.loc["macro"] = frame.mean(skipna=True)
    micro = _prf(tp.sum(), predicted.sum(), actual.sum())
    frame.loc["micro"] = frame.loc["macro"].to_dict() | micro
    frame.loc[["macro", "micro"], "support"] = float(actual.sum())
    if actual.any():
        frame.loc["micro", "average_precision"] = average_precision_score(Y.ravel(), proba.ravel())
    return frame.astype({"support": int})


def _prf(tp: int, predicted: int, actual: int) -> dict[str, float]:
    return {
        "precision": tp / predicted if predicted else 0.0,
        "recall": tp / actual if actual else 0.0,
        "f1": 2 * tp / (predicted + actual) if predicted + actual else 0.0,
    }


def expected_calibration_error(y: np.ndarray, proba: np.ndarray, *, n_bins: int = 10) -> float:
    """Return the mean gap between probability and frequency over equal-width bins.

    Naeini, Cooper and Hauskrecht (2015), weighted by the sentences in each bin.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
    proba : ndarray of float64, shape (n,)
    n_bins : int
    """
    bins = np.minimum((proba * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, weights=proba - y, minlength=n_bins)
    return float(np.abs(gaps).sum() / max(1, len(y)))


def false_alarm_rate(Y: np.ndarray, decisions: np.ndarray) -> float:
    """Return the share of sentences without any theme that were given one."""
    none = ~Y.any(axis=1)
    return float(decisions[none].any(axis=1).mean()) if none.any() else 0.0


def _counts_by_article(Y: np.ndarray, D: np.ndarray, articles: np.ndarray) -> np.ndarray:
    """Return true positives, predicted and actual a theme, shape (n_articles, 3, 4)."""
    code, _ = pd.factorize(articles)
    counts = np.zeros((code.max() + 1, 3, N_THEMES))
    np.add.at(counts, code, np.stack([Y & D, D, Y], axis=1).astype(float))
    return counts


def _macro_f1(counts: np.ndarray) -> np.ndarray:
    """Return macro-F1 of summed counts, shape (..., 3, 4) -> (...)."""
    tp, predicted, actual = np.moveaxis(counts, -2, 0)
    total = predicted + actual
    f1 = np.divide(2 * tp, total, out=np.zeros_like(tp), where=total > 0)
    mean: np.ndarray = f1.mean(axis=-1)
    return mean


def bootstrap_macro_f1(
    Y: np.ndarray,
    decisions: Mapping[str, np.ndarray],
    articles: np.ndarray,
    *,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> tuple[dict[str, Interval], dict[tuple[str, str], Interval]]:
    """Bootstrap macro-F1 of several systems over articles (percentile intervals, 95%).

    All systems are scored on the same resamples, so that differences are paired.

    Parameters
    ----------
    Y : ndarray of bool, shape (n, 4)
    decisions : mapping of name to ndarray of bool, shape (n, 4)
    articles : ndarray, shape (n,)
    seed, n_resamples : int

    Returns
    -------
    scores : dict of name to Interval
    differences : dict of (name, other name) to Interval
        Of the score of the first minus that of the second.
    """
    rng = np.random.default_rng(seed)
    counts = {name: _counts_by_article(Y, D, articles) for name, D in decisions.items()}
    n = len(next(iter(counts.values())))
    weights = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(float)
    samples, values = {}, {}
    for name, count in counts.items():
        flat = weights @ count.reshape(n, -1)
        samples[name] = _macro_f1(flat.reshape(n_resamples, 3, N_THEMES))
        values[name] = float(_macro_f1(count.sum(axis=0)))
    scores = {name: _interval(values[name], samples[name]) for name in counts}
    differences = {
        (a, b): _interval(values[a] - values[b], samples[a] - samples[b])
        for a in counts
        for b in counts
        if a != b
    }
    return scores, differences


def _interval(value: float, sample: np.ndarray) -> Interval:
    low, high = np.quantile(sample, (0.025, 0.975))
    return Interval(value, float(low), float(high))
