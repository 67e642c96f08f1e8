"""The default kind of model: one linear classifier of masked contexts, kept as a table."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from ..features.contexts import Contexts, build_contexts
from ..features.lookup import PairLookup
from ..features.terms import Spans, TermTable
from ..features.tokens import Tokens, tokenise
from ..features.vocabulary import Vocabulary, weigh
from .theme_model import ThemeModel


@dataclass(frozen=True, kw_only=True)
class TableModel(ThemeModel):
    """A model whose every weight can be read in a table.

    Attributes
    ----------
    cues : TermTable
    vocabulary : Vocabulary
    coef : ndarray of float64, shape (n_features,)
    intercept : float
    """

    cues: TermTable
    vocabulary: Vocabulary
    coef: np.ndarray
    intercept: float

    def score_mentions(self, column: pa.StringArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score every (sentence, mentioned ground), see `ThemeModel.score_mentions`."""
        _, _, contexts = self.read(column)
        return contexts.row, contexts.theme, self.scores(contexts)

    def scores(self, contexts: Contexts) -> np.ndarray:
        """Return the weighted sum of the features of contexts, float64 of shape (n_contexts,)."""
        total: np.ndarray = self.intercept + weigh(contexts, self._weights)
        return total

    def read(self, column: pa.StringArray) -> tuple[Tokens, Spans, Contexts]:
        """Return the tokens, the mentions of grounds and the contexts of a column of sentences."""
        tokens = tokenise(column, self.grounds.lexicon)
        mentions = self.grounds.find(tokens)
        contexts = build_contexts(
            tokens, mentions, self.grounds, self.cues, self.vocabulary.stem_ids
        )
        return tokens, mentions, contexts

    @cached_property
    def _weights(self) -> list[PairLookup]:
        return self.vocabulary.weights(self.coef)
