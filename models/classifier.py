"""The estimator that training fits: scikit-learn in, `TableModel` out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted

from ..data.exceptions import InputError
from ..data.themes import N_THEMES, THEMES
from ..features.contexts import FAMILIES
from ..features.vectorizers import ContextVectorizer
from .calibration import EXPECTED_PREVALENCE, Calibrated, Prevalence, calibrate
from .explanation import ThemeExplanation, explain
from .table_model import TableModel
from .theme_model import ThemeModel, text_column


class ModelEstimator(ClassifierMixin, BaseEstimator, ABC):
    """What the estimators share: calibrated decisions, and predictions by the model they make."""

    calibration_: np.ndarray
    thresholds_: np.ndarray
    precision_thresholds_: np.ndarray

    @abstractmethod
    def to_model(self, **metadata: Any) -> ThemeModel:
        """Return the fitted model in the form that is saved and used for labelling."""

    def _keep(self, calibrated: Calibrated) -> None:
        self.calibration_ = calibrated.calibration
        self.thresholds_ = calibrated.thresholds
        self.precision_thresholds_ = calibrated.precision_thresholds

    def _kept(self) -> dict[str, Any]:
        """Return what `_keep` kept, by the names of the model."""
        check_is_fitted(self, "thresholds_")
        return {
            "calibration": self.calibration_,
            "thresholds": self.thresholds_,
            "precision_thresholds": self.precision_thresholds_,
        }

    def predict_proba(self, sentences: Any) -> np.ndarray:
        """Return the probability of each theme, float64 of shape (n, 4)."""
        return self.to_model().predict_proba(sentences)

    def predict(self, sentences: Any) -> np.ndarray:
        """Return the labels by `thresholds_`, bool of shape (n, 4)."""
        return self.to_model().predict(sentences)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return macro-F1 by the same thresholds as `predict`."""
        return macro_f1(y, self.predict(X), sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        tags.target_tags.single_output = False
        tags.target_tags.two_d_labels = True
        return tags


class ThemeClassifier(ModelEstimator):
    """Independent, calibrated probability of each theme, with one threshold a theme.

    A sentence can carry a theme only if it mentions its ground. Whether information is controlled on
    that ground is decided by one logistic regression over the masked contexts of all themes.
    Calibration and thresholds come from out-of-fold predictions alone.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the L2 penalty.
    families : sequence of str
        Families of context features, see `features.contexts`.
    min_df : int, default=2
        Least number of contexts of a feature.
    expected_prevalence : float or sequence of 4 floats, default=`EXPECTED_PREVALENCE`
        Share of mentions of a ground that come with control of information where the model will be
        used, for all themes or one a theme. Training text has more of them than real news; calibration
        and thresholds weigh the others up to this share. 0: as in the training data.
    n_folds : int, default=5
        Folds for the out-of-fold predictions.
    grounds, cues : str or Path, optional
        Tables of terms instead of the ones in the package.
    n_jobs : int, default=1
        Folds fitted in parallel (joblib).
    random_state : int, default=0

    Attributes
    ----------
    vectorizer_ : ContextVectorizer
    coef_ : ndarray of float64, shape (n_features,)
    intercept_ : float
    calibration_ : ndarray of float64, shape (4, 2)
    thresholds_ : ndarray of float64, shape (4,)
    precision_thresholds_ : ndarray of float64, shape (n_precisions, 4)
        Thresholds that reach the precisions of `theme_model.PRECISIONS`.
    oof_proba_ : ndarray of float64, shape (n, 4)
        Calibrated out-of-fold probabilities of the training sentences.
    classes_ : ndarray of str, shape (4,)
    """

    def __init__(
        self,
        C: float = 1.0,
        families: Sequence[str] = FAMILIES,
        min_df: int = 2,
        expected_prevalence: Prevalence = EXPECTED_PREVALENCE,
        n_folds: int = 5,
        grounds: str | Path | None = None,
        cues: str | Path | None = None,
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.families = families
        self.min_df = min_df
        self.expected_prevalence = expected_prevalence
        self.n_folds = n_folds
        self.grounds = grounds
        self.cues = cues
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, sentences: Any, Y: Any, groups: Any = None) -> Self:
        """Fit on labelled sentences.

        Parameters
        ----------
        sentences : array-like of str, shape (n,)
        Y : array-like of bool, shape (n, 4)
            In the order of `THEMES`.
        groups : array-like, shape (n,), optional
            What folds never divide: the author or the article of each sentence (training takes
            `train.search.fold_groups`). Without it every sentence is its own.

        Raises
        ------
        InputError
            When the sentences cannot teach the decision, see `check_learnable`.
        ValueError
            For labels of another shape, or parameters out of range.
        """
        column = text_column(sentences)
        labels = check_labels(Y, len(column))
        self.vectorizer_ = ContextVectorizer(
            self.families, self.min_df, self.grounds, self.cues
        ).fit_contexts(column)
        self.classes_ = np.array(THEMES)
        contexts = self.vectorizer_.contexts(column)
        X = self.vectorizer_.matrix(contexts)
        y = labels[contexts.row, contexts.theme]
        group = group_codes(contexts.row, groups)
        check_learnable(y, group)
        scores = self._out_of_fold_scores(X, y, group)
        calibrated = calibrate(scores, y, contexts.theme, self.expected_prevalence)
        self._keep(calibrated)
        self.oof_proba_ = np.zeros(labels.shape)
        self.oof_proba_[contexts.row, contexts.theme] = calibrated.probability
        final = self._logistic_regression().fit(X, y)
        self.coef_, self.intercept_ = final.coef_[0], float(final.intercept_[0])
        return self

    def _logistic_regression(self) -> LogisticRegression:
        # liblinear is single-threaded: equal data give equal bits on any number of cores.
        return LogisticRegression(
            C=self.C, solver="liblinear", max_iter=1000, random_state=self.random_state
        )

    def _out_of_fold_scores(
        self, X: sparse.csr_matrix, y: np.ndarray, group: np.ndarray
    ) -> np.ndarray:
        """Return the score of each context by a model that saw nothing of its group."""

        def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
            fitted = self._logistic_regression().fit(X[train], y[train])
            decision: np.ndarray = fitted.decision_function(X[test])
            return decision

        splits = self._folds(y, group)
        parts = Parallel(n_jobs=self.n_jobs)(delayed(score)(*split) for split in splits)
        scores = np.empty(len(y))
        for (_, test), part in zip(splits, parts, strict=True):
            scores[test] = part
        return scores

    def _folds(self, y: np.ndarray, group: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        n_groups = len(np.unique(group))
        splits: list[tuple[np.ndarray, np.ndarray]] = []
        # Where few groups hold a class, one fold may hold all of them. More folds part them: with
        # one group a fold at the latest, which `check_learnable` has made sure of.
        for n_folds in range(min(self.n_folds, n_groups), n_groups + 1):
            folds = GroupKFold(n_folds, shuffle=True, random_state=self.random_state)
            splits = list(folds.split(y, y, group))
            if all(has_both_classes(y[train]) for train, _ in splits):
                break
        return splits

    def to_model(self, **metadata: Any) -> TableModel:
        """Return the fitted model in the form that is saved and used for labelling."""
        return TableModel(
            **self._kept(),
            grounds=self.vectorizer_.grounds_,
            cues=self.vectorizer_.cues_,
            vocabulary=self.vectorizer_.vocabulary_,
            coef=self.coef_,
            intercept=self.intercept_,
            metadata=metadata,
        )

    def explain(self, text: str) -> tuple[ThemeExplanation, ...]:
        """Explain one sentence, see `explanation.explain`."""
        return explain(self.to_model(), text)


def macro_f1(Y: Any, decisions: np.ndarray, sample_weight: Any = None) -> float:
    """Return the mean F1 of the themes, 0 for one that is neither there nor given."""
    labels = check_labels(Y, len(decisions))
    return float(
        f1_score(labels, decisions, average="macro", zero_division=0.0, sample_weight=sample_weight)
    )


def check_labels(Y: Any, n: int) -> np.ndarray:
    """Return labels as bool of shape (n, 4).

    Raises
    ------
    ValueError
        When they have another shape.
    """
    labels = np.asarray(Y)
    if labels.shape != (n, N_THEMES):
        raise ValueError(f"labels have shape {labels.shape}, expected ({n}, {N_THEMES})")
    return labels.astype(bool)


def group_codes(row: np.ndarray, groups: Any) -> np.ndarray:
    """Return the group of each mention as a number.

    Parameters
    ----------
    row : ndarray of int64, shape (n_mentions,)
        The sentence each mention is in.
    groups : array-like, shape (n,), or None
        Group of each sentence; None makes every sentence its own.

    Returns
    -------
    ndarray of int64, shape (n_mentions,)
    """
    return row if groups is None else pd.factorize(np.asarray(groups))[0][row]


def has_both_classes(y: np.ndarray) -> bool:
    """Return whether some of y, bool of shape (n,), are true and some are not."""
    return bool(y.any() and not y.all())


def check_learnable(y: np.ndarray, group: np.ndarray) -> None:
    """Make sure that control of information can be learned from mentions, and tried on others.

    Parameters
    ----------
    y : ndarray of bool, shape (n_mentions,)
        Whether the sentence carries the theme it mentions.
    group : ndarray of int64, shape (n_mentions,)
        What is never divided between learning and trying.

    Raises
    ------
    InputError
        When no sentence mentions a ground, or those with a label, or those without, are not
        found in two groups at least.
    """
    if not len(y):
        raise InputError(
            "no sentence to train on mentions a ground",
            remedy="Give news in English that mentions them.",
        )
    for there, labelled in ((y, "labelled"), (~y, "not labelled")):
        n_groups = len(np.unique(group[there]))
        if n_groups < 2:
            raise InputError(
                "training takes two articles (or authors, if named) or more with sentences that "
                f"mention a ground and are {labelled} with it (found: {n_groups})",
                remedy="Give more articles, with labels on some mentions of a ground and not on others.",
            )
