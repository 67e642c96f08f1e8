"""scikit-learn transformers over news text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.utils.validation import check_is_fitted

from ..data.themes import THEMES
from .contexts import FAMILIES, MAX_KINDS, Contexts, Stems, build_contexts
from .terms import TermTable
from .tokens import tokenise
from .vocabulary import Vocabulary

GROUNDS_PATH: Final = Path(__file__).with_name("grounds.tsv")
CUES_PATH: Final = Path(__file__).with_name("cues.tsv")


class ContextVectorizer(TransformerMixin, BaseEstimator):
    """Vectorise (sentence, theme) pairs with the mention of the theme's ground masked.

    Parameters
    ----------
    families : sequence of str, default=all of `FAMILIES`
        Which families of features to keep.
    min_df : int, default=2
        Keep features that occur in at least so many contexts.
    grounds, cues : str or Path, optional
        Tables of terms (TSV); the ones of the package by default.

    Attributes
    ----------
    vocabulary_ : Vocabulary
    grounds_, cues_ : TermTable

    Examples
    --------
    >>> import numpy as np
    >>> pairs = np.array([["Police shut sites over hoaxes", "rumour_control"]], dtype=object)
    >>> ContextVectorizer(min_df=1).fit_transform(pairs).shape[0]
    1
    """

    def __init__(
        self,
        families: Sequence[str] = FAMILIES,
        min_df: int = 2,
        grounds: str | Path | None = None,
        cues: str | Path | None = None,
    ) -> None:
        self.families = families
        self.min_df = min_df
        self.grounds = grounds
        self.cues = cues

    def contexts(self, texts: pa.StringArray) -> Contexts:
        """Find the mentions in a column of sentences and collect the features around them."""
        tokens = tokenise(texts, self.grounds_.lexicon)
        stems = self.vocabulary_.stem_ids if hasattr(self, "vocabulary_") else Stems()
        return build_contexts(tokens, self.grounds_.find(tokens), self.grounds_, self.cues_, stems)

    def fit_contexts(self, texts: pa.StringArray) -> "ContextVectorizer":
        """Learn the vocabulary from every mention in a column of sentences.

        Parameters
        ----------
        texts : pyarrow.StringArray of shape (n,)

        Raises
        ------
        ValueError
            For an unknown family, ``min_df`` below 1, a ground table whose groups are not `THEMES`, or a
            cue table of more than `MAX_KINDS` groups.
        InputError
            When a table cannot be read, see `TermTable.read`.
        """
        unknown = set(self.families) - set(FAMILIES)
        if unknown:
            raise ValueError(f"families has {sorted(unknown)}; known are {list(FAMILIES)}")
        if self.min_df < 1:
            raise ValueError(f"min_df == {self.min_df}, must be at least 1")
        self.__dict__.pop("vocabulary_", None)
        self.grounds_ = TermTable.read(Path(self.grounds or GROUNDS_PATH))
        if self.grounds_.groups != THEMES:
            raise ValueError(f"the ground table must list terms of {THEMES}, in that order")
        self.cues_ = TermTable.read(Path(self.cues or CUES_PATH))
        if len(self.cues_.groups) > MAX_KINDS:
            raise ValueError(f"the cue table has more than {MAX_KINDS} groups")
        self.vocabulary_ = Vocabulary.fit(
            self.contexts(texts), families=self.families, min_df=self.min_df
        )
        return self

    def matrix(self, contexts: Contexts) -> sparse.csr_matrix:
        """Return the features of contexts, float64 of shape (n_contexts, n_features)."""
        context, feature, value, _ = self.vocabulary_.encode(contexts)
        shape = (len(contexts.row), len(self.vocabulary_))
        return sparse.csr_matrix((value, (context, feature)), shape=shape)

    def fit(self, X: Any, y: Any = None) -> "ContextVectorizer":  # noqa: ARG002
        """Learn the vocabulary from the sentences of pairs.

        Parameters
        ----------
        X : array-like of object, shape (n, 2)
            A sentence and the name of a theme a row.
        y : ignored
        """
        texts, _ = _pairs(X)
        return self.fit_contexts(texts)

    def transform(self, X: Any) -> sparse.csr_matrix:
        """Return one row a pair, float64 of shape (n, n_features); zeros if the ground is absent."""
        check_is_fitted(self, "vocabulary_")
        texts, themes = _pairs(X)
        contexts = self.contexts(texts)
        matrix = self.matrix(contexts)
        wanted = np.arange(len(themes)) * len(THEMES) + themes
        present = contexts.row * len(THEMES) + contexts.theme
        place = np.searchsorted(present, wanted)
        place[place == len(present)] = 0
        found = present[place] == wanted if len(present) else np.zeros(len(wanted), dtype=bool)
        pick = sparse.csr_matrix(
            (np.ones(found.sum()), (np.flatnonzero(found), place[found])),
            shape=(len(wanted), len(present)),
        )
        return (pick @ matrix).tocsr()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:  # noqa: ARG002
        """Return the names ``family=first second``, object array of shape (n_features,)."""
        check_is_fitted(self, "vocabulary_")
        return np.array(self.vocabulary_.names(self.grounds_, self.cues_), dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


def _pairs(X: Any) -> tuple[pa.StringArray, np.ndarray]:
    pairs = np.asarray(X, dtype=object)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(
            f"expected pairs of a sentence and a theme, shape (n, 2); got shape {pairs.shape}"
        )
    index = {theme: i for i, theme in enumerate(THEMES)}
    unknown = set(pairs[:, 1]) - set(index)
    if unknown:
        raise ValueError(f"unknown themes {sorted(map(str, unknown))}; known are {THEMES}")
    themes = np.array([index[t] for t in pairs[:, 1]], dtype=np.int64)
    return pa.array(pairs[:, 0].tolist(), pa.string()), themes


def make_sentence_vectorizer(*, sublinear_tf: bool = True, min_df: int = 2) -> FeatureUnion:
    """Return the plain whole-sentence vectoriser: words 1-2 and sub-words 3-5, TF-IDF.

    It stands beside the model as the baseline and the reference for speed.
    """
    return FeatureUnion(
        [
            (
                "word",
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=sublinear_tf, min_df=min_df),
            ),
            (
                "char",
                TfidfVectorizer(
                    analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=sublinear_tf, min_df=min_df
                ),
            ),
        ]
    )
