"""Trainable scorers of sentences, and those that learn from words and their pieces alone.

Every system gives an unbounded score a sentence and theme; `benchmarks.tuning` turns scores into
probabilities and labels, alike for all. Each is saved as its users would save it, so that size on
disk and loading are real. Heavy libraries are imported inside, one process needs one of them.
"""

import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
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


@dataclass(frozen=True, eq=False)
class Fold:
    """Sentences and labels, bool of shape (n, 4), to learn from, and sentences held out."""

    texts: tuple[str, ...]
    Y: np.ndarray
    held: tuple[str, ...]


class System(ABC):
    """A trainable scorer of sentences; parameters are keyword arguments, kept in `params`."""

    def __init__(self, **params: Any) -> None:
        self.params = params

    @abstractmethod
    def fit(self, texts: Sequence[str], Y: np.ndarray) -> Self:
        """Learn from sentences and labels, bool of shape (n, 4)."""

    @abstractmethod
    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return scores, float64 of shape (n, 4); the higher, the likelier the theme."""

    def held_out_scores(self, fold: Fold) -> np.ndarray:
        """Learn from a fold and return the scores of what it holds out."""
        return self.fit(fold.texts, fold.Y).scores(fold.held)

    @classmethod
    def trial(cls, candidates: Sequence[dict[str, Any]], fold: Fold) -> list[np.ndarray]:
        """Return the scores of held-out sentences by every candidate."""
        return [cls(**params).held_out_scores(fold) for params in candidates]

    def save(self, folder: Path) -> None:
        """Write everything that labelling needs into an existing folder."""
        joblib.dump(self, folder / MODEL_FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        system: Self = joblib.load(folder / MODEL_FILE)
        return system


class Linear(System):
    """Features of the whole sentence and one linear classifier a theme."""

    make: ClassVar[Callable[..., Any]]
    """Makes the unfitted classifier of one theme."""

    def learn_features(self, texts: Sequence[str]) -> Any:
        """Learn what `features` needs, by default nothing, and return the features."""
        return self.features(texts)

    @abstractmethod
    def features(self, texts: Sequence[str]) -> Any:
        """Return features of shape (n, n_features)."""

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> Self:
        """Learn the features and fit the classifiers."""
        X = self.learn_features(texts)
        options = {name: v for name, v in self.params.items() if name != "features"}
        self.classifiers_ = [self.make(**options).fit(X, Y[:, k]) for k in range(N_THEMES)]
        return self

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the signed distances to the hyperplanes."""
        return self.distances(self.features(texts))

    def distances(self, X: Any) -> np.ndarray:
        """Return the scores of features."""
        return np.column_stack([c.decision_function(X) for c in self.classifiers_])


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
def _transformed(features: str, fold: Fold) -> sparse.csr_matrix:
    matrix: sparse.csr_matrix = _vectorised(features, fold.texts)[0].transform(fold.held)
    return matrix


class Sparse(Linear):
    """TF-IDF and one linear classifier a theme."""

    def learn_features(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Fit the vectoriser."""
        self.vectorizer_, X = _vectorised(self.params["features"], tuple(texts))
        return X

    def features(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return the TF-IDF of sentences."""
        return self.vectorizer_.transform(texts)

    def held_out_scores(self, fold: Fold) -> np.ndarray:
        """As `System.held_out_scores`, vectorising once for each set of features."""
        system = self.fit(fold.texts, fold.Y)
        return system.distances(_transformed(self.params["features"], fold))


class TfidfLogisticRegression(Sparse):
    """Logistic regression on TF-IDF."""

    make = staticmethod(
        partial(LogisticRegression, solver="liblinear", max_iter=1000, random_state=SEED)
    )


class LinearSVM(Sparse):
    """Linear support vector machine on TF-IDF."""

    make = staticmethod(partial(LinearSVC, random_state=SEED))


class _ComplementNB(ComplementNB):
    def decision_function(self, X: sparse.csr_matrix) -> np.ndarray:
        """Return the difference of the joint log-likelihoods of theme and no theme."""
        joint = self.predict_joint_log_proba(X)
        return joint[:, 1] - joint[:, 0]


class NaiveBayes(Sparse):
    """Complement naive Bayes (Rennie et al. 2003) on TF-IDF."""

    make = _ComplementNB


def logit(proba: np.ndarray) -> np.ndarray:
    """Return log-odds, float64, of probabilities."""
    # Systems in single precision reach 0 and 1.
    p = np.clip(np.asarray(proba, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


_PUNCTUATION: Final = re.compile(r"""([^\w\s'\u2019-])""")


def _train_fasttext(path: Path, options: dict[str, Any]) -> str:
    """Train a model and return the file it is saved in, beside that of the text."""
    import fasttext

    model = str(path.with_suffix(".bin"))
    fasttext.train_supervised(str(path), **options).save_model(model)
    return model


class FastText(System):
    """fastText, one-vs-all loss, on lower-cased words with punctuation set apart."""

    _LABELS: ClassVar = ("none", *THEMES)

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> Self:
        """Train from a file, as fastText must."""
        import fasttext

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            with path.open("w", encoding="utf-8") as file:
                for line, labels in zip(self.lines(texts), Y, strict=True):
                    # A line without a label is skipped in training: no theme is a label of its own.
                    names = [t for t, y in zip(THEMES, labels, strict=True) if y] or ["none"]
                    file.write(" ".join(f"__label__{n}" for n in names) + f" {line}\n")
            # The default of 2 million buckets makes a file of 800 MB and learns nothing more.
            options = {"loss": "ova", "thread": 1, "verbose": 0, "bucket": 200_000, **self.params}
            # Training diverges now and then, even with equal data, and then again and again in the same
            # process: it is tried in others, more slowly.
            for lr in (self.params["lr"], self.params["lr"] / 2, self.params["lr"] / 4, 0.01):
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
                    trained = executor.submit(_train_fasttext, path, options | {"lr": lr})
                    try:
                        self.model_ = fasttext.load_model(trained.result())
                    except RuntimeError as error:
                        if "NaN" not in str(error):
                            raise
                    else:
                        return self
        raise RuntimeError("fastText diverged at every learning rate")

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return log-odds."""
        labels, proba = self.model_.predict(self.lines(texts), k=-1)
        names, values = np.asarray(labels), np.asarray(proba)
        result = np.empty((len(texts), N_THEMES))
        for k, theme in enumerate(THEMES):
            result[:, k] = values[names == f"__label__{theme}"]
        return logit(result)

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
    def lines(texts: Sequence[str]) -> list[str]:
        """Return texts as fastText reads them: one line each, in lower case."""
        return [" ".join(_PUNCTUATION.sub(r" \1 ", t.lower()).split()) for t in texts]
