"""What a user would train instead of censorscope, and the settings each is tuned over."""

from dataclasses import dataclass
from typing import Any, Final

from neural import MiniLM, SpacyBow, SpacyEnsemble, StaticVectors
from systems import FastText, LinearSVM, NaiveBayes, System, TfidfLogisticRegression


@dataclass(frozen=True)
class Rival:
    """A kind of system with the candidates it is tuned over.

    Attributes
    ----------
    title : str
    system : type of System
    candidates : tuple of dict
        Keyword arguments of `system`.
    slow : bool
        Tuned on fewer folds.
    """

    title: str
    system: type[System]
    candidates: tuple[dict[str, Any], ...]
    slow: bool = False


_BOTH: Final = "words and characters"
RIVALS: Final[dict[str, Rival]] = {
    "spacy-ensemble": Rival(
        "spaCy textcat, ensemble",
        SpacyEnsemble,
        ({"epochs": 3}, {"epochs": 6}, {"epochs": 9}),
        slow=True,
    ),
    "minilm": Rival(
        "MiniLM + logistic regression",
        MiniLM,
        ({"C": 1.0}, {"C": 10.0}, {"C": 100.0}, {"C": 10.0, "class_weight": "balanced"}),
    ),
    "tfidf-lr": Rival(
        "TF-IDF + logistic regression",
        TfidfLogisticRegression,
        (
            {"features": "words", "C": 10.0},
            {"features": _BOTH, "C": 10.0},
            {"features": _BOTH, "C": 100.0},
            {"features": _BOTH, "C": 10.0, "class_weight": "balanced"},
        ),
    ),
    "svm": Rival(
        "Linear SVM, calibrated",
        LinearSVM,
        (
            {"features": "words", "C": 1.0},
            {"features": _BOTH, "C": 0.3},
            {"features": _BOTH, "C": 1.0},
            {"features": _BOTH, "C": 0.3, "class_weight": "balanced"},
        ),
    ),
    "spacy-bow": Rival(
        "spaCy textcat, bag of words",
        SpacyBow,
        ({"epochs": 10}, {"epochs": 20}, {"epochs": 30}),
        slow=True,
    ),
    "fasttext": Rival(
        "fastText, one-vs-all",
        FastText,
        (
            {"dim": 50, "lr": 0.3, "epoch": 50, "wordNgrams": 2},
            {"dim": 50, "lr": 0.3, "epoch": 50, "wordNgrams": 2, "minn": 4, "maxn": 6},
            {"dim": 50, "lr": 0.3, "epoch": 50, "wordNgrams": 1, "minn": 4, "maxn": 6},
        ),
        slow=True,
    ),
    "nb": Rival(
        "Complement naive Bayes",
        NaiveBayes,
        (
            {"features": "words", "alpha": 0.03},
            {"features": _BOTH, "alpha": 0.03},
            {"features": _BOTH, "alpha": 0.01, "norm": True},
            {"features": _BOTH, "alpha": 0.03, "norm": True},
        ),
    ),
    "static": Rival(
        "Static vectors + logistic regression",
        StaticVectors,
        ({"C": 1.0}, {"C": 10.0}, {"C": 100.0}, {"C": 10.0, "class_weight": "balanced"}),
    ),
}
"""The trained rivals, the slowest first, so that two at a time finish together."""
