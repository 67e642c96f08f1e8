"""Trainable scorers of sentences, and those that learn from words and their pieces alone.

Every system gives an unbounded score a sentence and theme; `benchmarks.tuning` turns scores into
probabilities and labels, alike for all. Each is saved as its users would save it, so that size on
disk and loading are real. Heavy libraries are imported inside, one process needs one of them.
"""

import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import joblib
import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from censorscope.data.themes import N_THEMES, THEMES
from censorscope.features.vectorizers import make_sentence_vectorizer

SEED: Final = 0
MODEL_FILE: Final = "model.joblib"


class System(ABC):
    """A trainable scorer of sentences; parameters are keyword arguments, kept in `params`."""

    def __init__(self, **params: Any) -> None:
        self.params = params

    @abstractmethod
    def fit(self, texts: list[str], Y: np.ndarray) -> Self:
        """Learn from sentences and labels, bool of shape (n, 4)."""

    @abstractmethod
    def scores(self, texts: list[str]) -> np.ndarray:
        """Return scores, float64 of shape (n, 4); the higher, the likelier the theme."""

    def save(self, folder: Path) -> None:
        """Write everything that labelling needs into an existing folder."""
        joblib.dump(self, folder / MODEL_FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        system: Self = joblib.load(folder / MODEL_FILE)
        return system

    @classmethod
    def trial(
        cls,
        candidates: Sequence[dict[str, Any]],
        texts: list[str],
        Y: np.ndarray,
        held: list[str],
    ) -> list[np.ndarray]:
        """Return the scores of held-out sentences by every candidate."""
        return [cls(**params).fit(texts, Y).scores(held) for params in candidates]


@lru_cache(maxsize=2)
def _vectorised(features: str, texts: tuple[str, ...]) -> tuple[Any, sparse.csr_matrix]:
    """Fit a vectoriser; candidates that share a fold and the features share the work."""
    vectorizer = (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        if features == "words"
        else make_sentence_vectorizer()
    )
    return vectorizer, vectorizer.fit_transform(texts)


@lru_cache(maxsize=2)
def _transformed(features: str, texts: tuple[str, ...], held: tuple[str, ...]) -> sparse.csr_matrix:
    matrix: sparse.csr_matrix = _vectorised(features, texts)[0].transform(held)
    return matrix


class Sparse(System):
    """TF-IDF of the whole sentence and one linear classifier a theme."""

    def fit(self, texts: list[str], Y: np.ndarray) -> Self:
        """Fit the vectoriser and the classifiers."""
        self.vectorizer_, X = _vectorised(self.params["features"], tuple(texts))
        options = {name: v for name, v in self.params.items() if name != "features"}
        self.classifiers_ = [self.make(**options).fit(X, Y[:, k]) for k in range(N_THEMES)]
        return self

    def scores(self, texts: list[str]) -> np.ndarray:
        """Return the signed distances to the hyperplanes."""
        return self.score_matrix(self.vectorizer_.transform(texts))

    def score_matrix(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the scores of vectorised sentences."""
        return np.column_stack([c.decision_function(X) for c in self.classifiers_])

    @staticmethod
    def make(**options: Any) -> Any:
        """Return the unfitted classifier of one theme."""
        raise NotImplementedError

    @classmethod
    def trial(
        cls,
        candidates: Sequence[dict[str, Any]],
        texts: list[str],
        Y: np.ndarray,
        held: list[str],
    ) -> list[np.ndarray]:
        """As `System.trial`, vectorising once for each set of features."""
        key = (tuple(texts), tuple(held))
        return [
            cls(**params).fit(texts, Y).score_matrix(_transformed(params["features"], *key))
            for params in candidates
        ]


class TfidfLogisticRegression(Sparse):
    """Logistic regression on TF-IDF."""

    @staticmethod
    def make(**options: Any) -> Any:
        """Return a logistic regression."""
        return LogisticRegression(solver="liblinear", max_iter=1000, random_state=SEED, **options)


class LinearSVM(Sparse):
    """Linear support vector machine on TF-IDF."""

    @staticmethod
    def make(**options: Any) -> Any:
        """Return a linear SVM."""
        return LinearSVC(random_state=SEED, **options)


class NaiveBayes(Sparse):
    """Complement naive Bayes (Rennie et al. 2003) on TF-IDF."""

    @staticmethod
    def make(**options: Any) -> Any:
        """Return a complement naive Bayes classifier."""
        return ComplementNB(**options)

    def score_matrix(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the difference of the joint log-likelihoods of theme and no theme."""
        joint = [c.predict_joint_log_proba(X) for c in self.classifiers_]
        return np.column_stack([j[:, 1] - j[:, 0] for j in joint])


def logit(proba: np.ndarray) -> np.ndarray:
    """Return log-odds, float64, of probabilities."""
    # Systems in single precision reach 0 and 1.
    p = np.clip(np.asarray(proba, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


_PUNCTUATION: Final = re.compile(r"""([^\w\s'\u2019-])""")


class FastText(System):
    """fastText, one-vs-all loss, on lower-cased words with punctuation set apart."""

    _LABELS: ClassVar = ("none", *THEMES)

    def fit(self, texts: list[str], Y: np.ndarray) -> Self:
        """Train from a file, as fastText must."""
        import fasttext

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            with path.open("w", encoding="utf-8") as file:
                for line, labels in zip(self._lines(texts), Y, strict=True):
                    # A line without a label is skipped in training: no theme is a label of its own.
                    names = [t for t, y in zip(THEMES, labels, strict=True) if y] or ["none"]
                    file.write(" ".join(f"__label__{n}" for n in names) + f" {line}\n")
            # The default of 2 million buckets makes a file of 800 MB and learns nothing more.
            self.model_ = fasttext.train_supervised(
                str(path), loss="ova", thread=1, verbose=0, bucket=200_000, **self.params
            )
        return self

    def scores(self, texts: list[str]) -> np.ndarray:
        """Return log-odds."""
        labels, proba = self.model_.predict(self._lines(texts), k=-1)
        names, values = np.asarray(labels), np.asarray(proba)
        result = np.empty((len(texts), N_THEMES))
        for k, theme in enumerate(THEMES):
            result[:, k] = values[names == f"__label__{theme}"]
        return logit(result)

    @classmethod
    def trial(
        cls,
        candidates: Sequence[dict[str, Any]],
        texts: list[str],
        Y: np.ndarray,
        held: list[str],
    ) -> list[np.ndarray]:
        """As `System.trial`; a candidate whose training diverges knows nothing of the fold."""
        results = []
        for params in candidates:
            try:
                results.append(cls(**params).fit(texts, Y).scores(held))
            except RuntimeError as error:
                if "NaN" not in str(error):
                    raise
                results.append(np.zeros((len(held), N_THEMES)))
        return results

    def save(self, folder: Path) -> None:
        """Write fastText's own file."""
        self.model_.save_model(str(folder / "model.bin"))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read fastText's own file."""
        import fasttext

        system = cls()
        system.model_ = fasttext.load_model(str(folder / "model.bin"))
        return system

    @staticmethod
    def _lines(texts: list[str]) -> list[str]:
        return [" ".join(_PUNCTUATION.sub(r" \1 ", t.lower()).split()) for t in texts]
