"""What users would write instead: rivals that every evaluation runs beside the model."""

from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from ..data.themes import N_THEMES, THEMES
from ..features.terms import TermTable
from ..features.tokens import tokenise
from ..features.vectorizers import make_sentence_vectorizer
from ..models.theme_model import text_column
from .comparison import System

KEYWORD_LIST: Final = "keyword list"
KEYWORDS_PATH: Final = Path(__file__).with_name("keywords.tsv")


class Baseline(System, Protocol):
    """A system that learns."""

    def fit(self, sentences: Any, Y: np.ndarray) -> Self:
        """Learn from labelled sentences."""
        ...


class MajorityBaseline:
    """Says of every sentence what is true of most: no theme."""

    def fit(self, sentences: Any, Y: np.ndarray) -> Self:  # noqa: ARG002
        """Learn the frequency of each theme."""
        self.frequency_ = np.asarray(Y, dtype=float).mean(axis=0)
        return self

    def predict_proba(self, sentences: Any) -> np.ndarray:
        """Return the training frequency of each theme for every sentence."""
        return np.tile(self.frequency_, (len(sentences), 1))

    def predict(self, sentences: Any) -> np.ndarray:
        """Return the majority label of each theme for every sentence."""
        return self.predict_proba(sentences) > 0.5


class KeywordBaseline:
    """A ground word and a control word in one sentence, from `keywords.tsv`."""

    def fit(self, sentences: Any, Y: np.ndarray) -> Self:  # noqa: ARG002
        """Read the list; nothing is learned."""
        self.table_ = TermTable.read(KEYWORDS_PATH)
        return self

    def predict_proba(self, sentences: Any) -> np.ndarray:
        """Return 1 where the list finds both words, else 0."""
        return self.predict(sentences).astype(float)

    def predict(self, sentences: Any) -> np.ndarray:
        """Return where the list finds a word of the theme and one of control."""
        column = text_column(sentences)
        found = self.table_.find(tokenise(column, self.table_.lexicon))
        hits = np.zeros((len(column), len(self.table_.groups)), dtype=bool)
        hits[found.row, self.table_.group_of_term[found.term]] = True
        control = self.table_.groups.index("control")
        grounds = [self.table_.groups.index(theme) for theme in THEMES]
        return hits[:, grounds] & hits[:, [control]]


class PlainBaseline:
    """TF-IDF of words and sub-words of the whole sentence, logistic regression, threshold 0.5."""

    def fit(self, sentences: Any, Y: np.ndarray) -> Self:
        """Fit one logistic regression a theme."""
        texts = text_column(sentences).to_pylist()
        self.vectorizer_ = make_sentence_vectorizer()
        X = self.vectorizer_.fit_transform(texts)
        base = LogisticRegression(C=10.0, solver="liblinear")
        self.classifier_ = OneVsRestClassifier(base).fit(X, np.asarray(Y).astype(int))
        return self

    def predict_proba(self, sentences: Any) -> np.ndarray:
        """Return the probability of each theme."""
        X = self.vectorizer_.transform(text_column(sentences).to_pylist())
        proba: np.ndarray = self.classifier_.predict_proba(X)
        return proba

    def predict(self, sentences: Any) -> np.ndarray:
        """Return where the probability exceeds 0.5."""
        return self.predict_proba(sentences) > 0.5


def fit_baselines(train: pd.DataFrame) -> dict[str, Baseline]:
    """Fit every baseline on a labelled table.

    A theme without any example cannot be fitted by the plain baseline, which is then left out.
    """
    Y = train[list(THEMES)].to_numpy()
    baselines: dict[str, Baseline] = {
        "majority": MajorityBaseline(),
        KEYWORD_LIST: KeywordBaseline(),
    }
    if Y.any(axis=0).sum() == N_THEMES and not Y.all(axis=0).any():
        baselines["TF-IDF + LR at 0.5"] = PlainBaseline()
    return {name: b.fit(train["text"], Y) for name, b in baselines.items()}
