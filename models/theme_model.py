"""The model as it is used: numpy and pyarrow only, so that labelling starts fast."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from ..data.exceptions import InputError
from ..data.themes import N_THEMES, THEMES
from ..features.columns import strings, to_numpy
from ..features.contexts import Contexts, build_contexts
from ..features.prefilter import Prefilter
from ..features.terms import Spans, TermTable
from ..features.tokens import Tokens, tokenise
from ..features.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pandas as pd

BATCH_SENTENCES: Final = 1 << 16
"""Sentences searched for mentions at a time."""
BATCH_CANDIDATES: Final = 1 << 14
"""Sentences scored at a time: their features then stay in the processor's cache."""


@dataclass(frozen=True)
class ThemeModel:
    """A fitted two-part model: tables of terms and cues, and one linear classifier of contexts.

    Attributes
    ----------
    grounds, cues : TermTable
    vocabulary : Vocabulary
    coef : ndarray of float64, shape (n_features,)
    intercept : float
    calibration : ndarray of float64, shape (4, 2)
        Slope and offset a theme (Platt): ``logit = slope * score + offset``.
    thresholds : ndarray of float64, shape (4,)
        A sentence carries a theme when its probability reaches the theme's threshold.
    metadata : mapping
        What is known of the training: data digest, versions, metrics.
    """

    grounds: TermTable
    cues: TermTable
    vocabulary: Vocabulary
    coef: np.ndarray
    intercept: float
    calibration: np.ndarray
    thresholds: np.ndarray
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(self, texts: Any) -> np.ndarray:
        """Return the probability of each theme, float64 of shape (n, 4).

        A sentence that mentions no ground of a theme has probability 0 of it.

        Parameters
        ----------
        texts : list of str, ndarray, pandas.Series or pyarrow array of strings, shape (n,)
        """
        column = text_column(texts)
        result = np.zeros((len(column), N_THEMES))
        for start in range(0, len(column), BATCH_SENTENCES):
            batch = column.slice(start, BATCH_SENTENCES)
            kept, candidates = self._prefilter.keep(batch)
            for first in range(0, len(kept), BATCH_CANDIDATES):
                _, _, contexts = self.read(candidates.slice(first, BATCH_CANDIDATES))
                row = start + kept[first + contexts.row]
                result[row, contexts.theme] = _sigmoid(self.logits(contexts))
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

        ``labels`` holds the names of the themes, separated by ``;`` (empty for none).
        """
        import pandas as pd

        column = text_column(texts)
        probabilities = self.predict_proba(column)
        frame = pd.DataFrame({"text": column.to_pylist()})
        frame[list(THEMES)] = probabilities
        frame["labels"] = join_labels(self.decide(probabilities))
        return frame

    def logits(self, contexts: Contexts) -> np.ndarray:
        """Return the calibrated log-odds of contexts, float64 of shape (n_contexts,)."""
        context, feature, value, _ = self.vocabulary.encode(contexts)
        n = len(contexts.row)
        score = np.bincount(context, weights=value * self.coef[feature], minlength=n)
        slope, offset = self.calibration[contexts.theme].T
        logits: np.ndarray = slope * (score + self.intercept) + offset
        return logits

    def with_thresholds(self, thresholds: Mapping[str, float]) -> "ThemeModel":
        """Return the same model with other thresholds for the themes named."""
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

    def read(self, column: pa.StringArray) -> tuple[Tokens, Spans, Contexts]:
        """Return the tokens, the mentions of grounds and the contexts of a column of sentences."""
        tokens = tokenise(column)
        mentions = self.grounds.find(tokens)
        contexts = build_contexts(
            tokens, mentions, self.grounds, self.cues, self.vocabulary.stem_ids
        )
        return tokens, mentions, contexts

    @cached_property
    def _prefilter(self) -> Prefilter:
        return Prefilter(self.grounds)


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    result: np.ndarray = 0.5 * (1 + np.tanh(0.5 * logit))
    return result


def text_column(texts: Any) -> pa.StringArray:
    """Return texts of any supported container as one Arrow column of strings without nulls."""
    if isinstance(texts, str):
        raise InputError("expected a column of texts, got one string", remedy="Pass [text].")
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if not isinstance(texts, pa.Array):
        texts = _strings(texts)
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    if pa.types.is_large_string(texts.type) or pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.string())
    if not pa.types.is_string(texts.type):
        raise InputError(f"the texts are of type {texts.type}, not strings")
    if texts.null_count:
        row = int(np.flatnonzero(to_numpy(texts.is_null()))[0])
        raise InputError(f"text {row} is missing", remedy="Drop the empty rows or fill them.")
    return texts


def _strings(texts: Any) -> pa.StringArray:
    if isinstance(texts, list):
        try:
            return strings(texts)
        except TypeError:
            pass  # a missing value, or worse: named below
    if hasattr(texts, "to_numpy"):
        texts = texts.to_numpy()
    elif not isinstance(texts, np.ndarray):
        texts = list(texts)
    try:
        return pa.array(texts, pa.string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(f"the texts are not all strings ({error})") from None


def join_labels(decisions: np.ndarray) -> list[str]:
    """Write rows of decisions, bool of shape (n, 4), as theme names separated by ``;``."""
    names = [";".join(t for i, t in enumerate(THEMES) if code >> i & 1) for code in range(16)]
    codes = decisions @ (1 << np.arange(N_THEMES))
    return [names[code] for code in codes]
