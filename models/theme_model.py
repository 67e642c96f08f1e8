"""What every model does: find the mentions of grounds, ask how likely each is about control, decide.

numpy and pyarrow only, so that labelling starts fast.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pyarrow as pa

from ..data.exceptions import InputError
from ..data.themes import N_THEMES, THEMES
from ..features.columns import strings, to_numpy
from ..features.terms import TermTable

if TYPE_CHECKING:
    import pandas as pd

PRECISIONS: Final = (0.8, 0.85, 0.9, 0.95, 0.98)
"""Precisions that a user can ask for."""
BATCH_SENTENCES: Final = 1 << 13
"""Most sentences looked at together: enough to share the work on their words, few enough for the cache."""


@dataclass(frozen=True, kw_only=True)
class ThemeModel(ABC):
    """A fitted model: a table of ground terms, a scorer of mentions, calibration and thresholds.

    Attributes
    ----------
    grounds : TermTable
    calibration : ndarray of float64, shape (4, 2)
        Slope and offset a theme (Platt): ``logit = slope * score + offset``.
    thresholds : ndarray of float64, shape (4,)
        A sentence carries a theme when its probability reaches the theme's threshold.
    precision_thresholds : ndarray of float64, shape (n_precisions, 4)
        For each of `PRECISIONS` the thresholds that reach it on out-of-fold sentences.
    review_from : ndarray of float64, shape (4,), or None
        Where the band begins that a person has to read, see `at_precision`.
    metadata : mapping
        What is known of the training: data digest, versions, metrics.
    digest : str
        SHA-256 of the saved model; empty for one that was never saved.
    """

    grounds: TermTable
    calibration: np.ndarray
    thresholds: np.ndarray
    precision_thresholds: np.ndarray
    review_from: np.ndarray | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    def __getstate__(self) -> dict[str, Any]:
        # What has been worked out of the fields stays behind.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @abstractmethod
    def score_mentions(self, column: pa.StringArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score every (sentence, mentioned ground) of a column.

        Parameters
        ----------
        column : pyarrow.StringArray of shape (n,)

        Returns
        -------
        row, theme : ndarray of int64, shape (n_mentioned,)
        score : ndarray of float64, shape (n_mentioned,)
            Not calibrated.
        """

    def predict_proba(self, texts: Any) -> np.ndarray:
        """Return the probability of each theme, float64 of shape (n, 4).

        A sentence that mentions no ground of a theme has probability 0 of it.

        Parameters
        ----------
        texts : list of str, ndarray, pandas.Series or pyarrow array of strings, shape (n,)
        """
        column = text_column(texts)
        result = np.zeros((len(column), N_THEMES))
        n_batches = -(-len(column) // BATCH_SENTENCES)
        # Of equal length: a short one at the end would share the work on words among few sentences.
        bounds = np.linspace(0, len(column), n_batches + 1, dtype=int).tolist()
        for start, end in pairwise(bounds):
            try:
                row, theme, score = self.score_mentions(column.slice(start, end - start))
            except UnicodeDecodeError:
                # Arrow does not look at bytes that are said to be UTF-8.
                raise InputError("the texts are not all UTF-8") from None
            result[start + row, theme] = _sigmoid(self.calibrate(score, theme))
        return result

    def predict(self, texts: Any) -> np.ndarray:
        """Return the labels by the thresholds in force, bool of shape (n, 4)."""
        return self.decide(self.predict_proba(texts))

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Apply the thresholds to probabilities of shape (n, 4)."""
        decisions: np.ndarray = (probabilities >= self.thresholds) & (probabilities > 0)
        return decisions

    def label(self, texts: Any) -> "pd.DataFrame":
        """Return a frame with the text, one probability column a theme and the labels in force.

        ``labels`` holds the names of the themes, separated by ``;`` (empty for none); after
        `at_precision` a column ``to_read`` names those that a person has to decide.
        """
        import pandas as pd

        column = text_column(texts)
        probabilities = self.predict_proba(column)
        frame = pd.DataFrame({"text": column.to_pylist()})
        frame[list(THEMES)] = probabilities
        frame["labels"] = join_labels(self.decide(probabilities))
        if self.review_from is not None:
            frame["to_read"] = join_labels(self.needs_reading(probabilities))
        return frame

    def at_precision(self, precision: float) -> Self:
        """Return the same model, labelling only what it is so sure of, and leaving the rest to read.

        Parameters
        ----------
        precision : float
            One of `PRECISIONS`: wanted share of right ones among the labels given.

        Returns
        -------
        ThemeModel
            Its thresholds reach the precision; what lies between the former thresholds and these
            is for a person to read (`needs_reading`).

        Raises
        ------
        InputError
            For a precision that is not among `PRECISIONS`.
        """
        if precision not in PRECISIONS:
            raise InputError(
                f"no thresholds are known for a precision of {precision}",
                remedy=f"Choose one of {', '.join(map(str, PRECISIONS))}.",
            )
        wanted = self.precision_thresholds[PRECISIONS.index(precision)]
        usual = self.thresholds if self.review_from is None else self.review_from
        return replace(self, thresholds=np.maximum(wanted, usual), review_from=usual)

    def needs_reading(self, probabilities: np.ndarray) -> np.ndarray:
        """Return which themes a person has to decide, bool of shape (n, 4)."""
        if self.review_from is None:
            return np.zeros(probabilities.shape, dtype=bool)
        band: np.ndarray = (
            (probabilities >= self.review_from)
            & (probabilities > 0)
            & (probabilities < self.thresholds)
        )
        return band

    def calibrate(self, score: np.ndarray, theme: np.ndarray) -> np.ndarray:
        """Return the log-odds of scores, each of the theme named, float64 of shape (n,)."""
        slope, offset = self.calibration[theme].T
        logits: np.ndarray = slope * score + offset
        return logits

    def with_thresholds(self, thresholds: Mapping[str, float]) -> Self:
        """Return the same model with other thresholds for the themes named.

        Parameters
        ----------
        thresholds : mapping of str to float
            Probability from which on a theme is given, 0 to 1, by name of the theme.

        Raises
        ------
        InputError
            For an unknown theme, or a threshold outside 0 to 1.
        """
        values = self.thresholds.copy()
        for theme, value in thresholds.items():
            if theme not in THEMES:
                raise InputError(
                    f"unknown theme {theme!r}", remedy=f"Themes are {', '.join(THEMES)}."
                )
            if not 0 <= value <= 1:
                raise InputError(f"the threshold of {theme} is {value}, outside 0 to 1")
            values[THEMES.index(theme)] = value
        return replace(self, thresholds=values)


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    result: np.ndarray = 0.5 * (1 + np.tanh(0.5 * logit))
    return result


def text_column(texts: Any) -> pa.StringArray:
    """Return texts of any supported container as one Arrow column of strings without nulls.

    Parameters
    ----------
    texts : list of str, ndarray, pandas.Series or pyarrow array of strings, shape (n,)

    Returns
    -------
    pyarrow.StringArray of shape (n,)

    Raises
    ------
    InputError
        For anything but a column, a value that is no string, a missing one, or more than 2 GB.
    """
    if isinstance(texts, str):
        raise InputError("expected a column of texts, got one string", remedy="Pass [text].")
    if getattr(texts, "ndim", 1) != 1:
        raise InputError(
            "expected a column of texts, got a table", remedy="Pass frame['text'], say."
        )
    try:
        if not isinstance(texts, pa.Array | pa.ChunkedArray):
            texts = _strings(texts)
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        if pa.types.is_dictionary(texts.type):
            texts = texts.dictionary_decode()
        if pa.types.is_large_string(texts.type) or pa.types.is_string_view(texts.type):
            texts = texts.cast(pa.string())
    except (OverflowError, pa.ArrowInvalid, pa.ArrowCapacityError):
        raise InputError(
            "the texts are longer than 2 GB together", remedy="Pass them in several parts."
        ) from None
    if not pa.types.is_string(texts.type):
        raise InputError(f"the texts are of type {texts.type}, not strings")
    if texts.null_count:
        row = int(np.flatnonzero(to_numpy(texts.is_null()))[0])
        raise InputError(f"text {row} is missing", remedy="Drop the empty rows or fill them.")
    return texts


def _strings(texts: Any) -> pa.Array | pa.ChunkedArray:
    if not isinstance(texts, Iterable):
        raise InputError(f"expected a column of texts, got {type(texts).__name__}")
    if hasattr(texts, "to_numpy"):
        texts = texts.to_numpy()
    if isinstance(texts, np.ndarray):
        with suppress(UnicodeError):  # half a character, for which `strings` has a way
            return _by_arrow(texts)
    values = list(texts)
    try:
        return strings(values)
    except TypeError:
        # A missing value, or worse.
        whole = (v.encode(errors="replace").decode() if isinstance(v, str) else v for v in values)
        return _by_arrow(list(whole))


def _by_arrow(values: Any) -> pa.Array | pa.ChunkedArray:
    try:
        return pa.array(values, pa.string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(f"the texts are not all strings ({error})") from None


def join_labels(decisions: np.ndarray) -> list[str]:
    """Write rows of decisions, bool of shape (n, 4), as theme names separated by ``;``."""
    names = [
        ";".join(theme for i, theme in enumerate(THEMES) if code >> i & 1)
        for code in range(1 << N_THEMES)
    ]
    codes = decisions @ (1 << np.arange(N_THEMES))
    return [names[code] for code in codes]
