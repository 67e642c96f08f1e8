"""From the scores of a rival to its labels, by the rules that censorscope is held to.

Same folds (by author), candidates compared by mean average precision out of fold, Platt calibration and
thresholds from out-of-fold scores alone.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from rivals import Rival
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold
from systems import Fold, System

from censorscope.data.themes import N_THEMES, THEMES
from censorscope.features.terms import TermTable
from censorscope.features.vectorizers import GROUNDS_PATH
from censorscope.models.calibration import Prevalence, fit_platt, prevalence_weights
from censorscope.models.encoder_model import mentioned
from censorscope.models.theme_model import text_column
from censorscope.models.thresholds import best_f1_threshold
from censorscope.train.search import fold_groups
from censorscope.train.settings import TrainSettings

SLOW_FOLDS: Final = 5


@dataclass(frozen=True)
class Rule:
    """Calibration and thresholds of the four themes.

    Attributes
    ----------
    slope, offset : ndarray of float64, shape (4,)
        ``P = sigmoid(slope * score + offset)``.
    thresholds : ndarray of float64, shape (4,)
    """

    slope: np.ndarray
    offset: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def fit(cls, scores: np.ndarray, Y: np.ndarray, weights: np.ndarray) -> Self:
        """Fit to out-of-fold scores; all arrays of shape (n, 4)."""
        # The penalty of Platt's regression is felt by scores of 1e-5, such as normalised naive Bayes gives.
        scale = np.maximum(scores.std(axis=0), 1e-12)
        platt = [
            fit_platt(scores[:, k] / scale[k], Y[:, k], weights[:, k]) for k in range(N_THEMES)
        ]
        slope, offset = np.array(platt).T
        slope = slope / scale
        rule = cls(slope, offset, np.zeros(N_THEMES))
        proba = rule.probabilities(scores)
        thresholds = [
            best_f1_threshold(proba[:, k], Y[:, k], weights[:, k]) for k in range(N_THEMES)
        ]
        return cls(slope, offset, np.array(thresholds))

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities of scores, both of shape (n, 4)."""
        result: np.ndarray = 0.5 * (1 + np.tanh(0.5 * (self.slope * scores + self.offset)))
        return result

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """Return labels, bool of shape (n, 4)."""
        decisions: np.ndarray = self.probabilities(scores) >= self.thresholds
        return decisions


@dataclass(frozen=True)
class Tuned:
    """A rival ready to label.

    Attributes
    ----------
    system : System
        Of the chosen candidate, fitted on all that may be learned from.
    rules : dict of name to Rule
        One for each way of weighing the out-of-fold sentences, see `weightings`.
    chosen_rule : str
        The one in force.
    candidate : dict
    average_precision : float
        Mean over themes, out of fold.
    n_folds : int
    seconds : float
        Processor time of all candidates and folds and of the last fit.
    """

    system: System
    rules: dict[str, Rule]
    chosen_rule: str
    candidate: dict[str, Any]
    average_precision: float
    n_folds: int
    seconds: float


def tune(rival: Rival, frame: pd.DataFrame, settings: TrainSettings) -> Tuned:
    """Choose a candidate, calibrate, choose thresholds and fit on the whole table."""
    started = time.process_time()
    texts, Y = frame["text"].to_numpy(dtype=object), frame[list(THEMES)].to_numpy()
    n_folds = SLOW_FOLDS if rival.slow else settings.folds
    scores = np.empty((len(rival.candidates), *Y.shape))
    for train, held in _folds(frame, n_folds, settings.seed):
        fold = Fold(tuple(texts[train]), Y[train], tuple(texts[held]))
        scores[:, held] = rival.system.trial(rival.candidates, fold)
    precision = [_mean_average_precision(Y, candidate) for candidate in scores]
    best = int(np.argmax(precision))
    weights = weightings(frame, settings.expected_prevalence)
    rules = {name: Rule.fit(scores[best], Y, w) for name, w in weights.items()}
    system = rival.system(**rival.candidates[best]).fit(texts.tolist(), Y)
    return Tuned(
        system=system,
        rules=rules,
        chosen_rule=_choose(rules, scores[best], Y, weights),
        candidate=rival.candidates[best],
        average_precision=precision[best],
        n_folds=n_folds,
        seconds=time.process_time() - started,
    )


def weightings(frame: pd.DataFrame, prevalence: Prevalence) -> dict[str, np.ndarray]:
    """Return the weights of out-of-fold sentences and themes that a rival may be calibrated under.

    censorscope gives probabilities to mentions of a ground only, and expects the shares `prevalence`
    of them to be about control. A rival gives one to every sentence. Two populations are
    offered to it: ``as in the corpus``, where every sentence counts once; and ``as censorscope``,
    where unlabelled sentences that mention the ground are weighed up until labels make up
    `prevalence` of the mentions, exactly the population that censorscope assumes, while
    sentences without a mention (which censorscope never labels) still count once.
    """
    Y = frame[list(THEMES)].to_numpy()
    row, theme = mentioned(text_column(frame["text"]), TermTable.read(GROUNDS_PATH))
    shifted = np.ones(Y.shape)
    shifted[row, theme] = prevalence_weights(Y[row, theme], theme, prevalence)
    return {"as in the corpus": np.ones(Y.shape), "as censorscope": shifted}


def _choose(
    rules: dict[str, Rule], scores: np.ndarray, Y: np.ndarray, weights: dict[str, np.ndarray]
) -> str:
    """Return the rule that does better out of fold on the average of both populations.

    Each rule is made for its own weights, so F1 under either alone would decide
    before looking. The average takes the one that loses least when the other population comes.
    """
    return max(
        rules,
        key=lambda name: np.mean(
            [_weighted_macro_f1(Y, rules[name].decide(scores), w) for w in weights.values()]
        ),
    )


def _weighted_macro_f1(Y: np.ndarray, decisions: np.ndarray, weights: np.ndarray) -> float:
    hit = (weights * (Y & decisions)).sum(axis=0)
    total = (weights * Y).sum(axis=0) + (weights * decisions).sum(axis=0)
    return float(np.mean(2 * hit / np.maximum(total, 1e-9)))


def _mean_average_precision(Y: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean([average_precision_score(Y[:, k], scores[:, k]) for k in range(N_THEMES)]))


def _folds(frame: pd.DataFrame, n_folds: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the folds of `models.classifier.ThemeClassifier`: authors kept whole."""
    groups, names = pd.factorize(fold_groups(frame))
    folds = GroupKFold(min(n_folds, len(names)), shuffle=True, random_state=seed)
    yield from folds.split(groups, groups=groups)
