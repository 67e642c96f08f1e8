"""The optional kind of model: a small sentence encoder reads every sentence that mentions a ground."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..data.themes import N_THEMES
from ..features.terms import TermTable
from ..features.tokens import tokenise
from .encoder import PairEncoder
from .theme_model import ThemeModel


@dataclass(frozen=True, kw_only=True)
class EncoderModel(ThemeModel):
    """A model that scores (theme, sentence) pairs with a fine-tuned encoder.

    Attributes
    ----------
    encoder : PairEncoder
    """

    encoder: PairEncoder

    def score_mentions(self, column: pa.StringArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score every (sentence, mentioned ground), see `ThemeModel.score_mentions`."""
        row, theme = mentioned(column, self.grounds)
        sentences = column.take(pa.array(row.tolist(), pa.int64())).to_pylist()
        return row, theme, self.encoder.scores(sentences, theme)


def mentioned(column: pa.StringArray, grounds: TermTable) -> tuple[np.ndarray, np.ndarray]:
    """Return row and theme of every (sentence, mentioned ground), each int64 of shape (n,)."""
    found = grounds.find(tokenise(column, grounds.lexicon))
    pairs = np.unique(found.row * N_THEMES + grounds.group_of_term[found.term])
    return pairs // N_THEMES, pairs % N_THEMES
