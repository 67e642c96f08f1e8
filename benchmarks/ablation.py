"""What each part of the model is worth: one change at a time, scored in one run.

    python benchmarks/ablation.py --data real_news.jsonl

Choices are made by the out-of-fold columns (folds by author, on the development part of the corpus). The
test part and the labelled file show what transfers; they are only scored (but for the expected shares of
mentions, which lean on the test part's ordinary news, see docs/decisions.md). Writes ``docs/ablation.md``.
"""

import argparse
import itertools
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from machine import described
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold

from censorscope.data.corpus import development_and_test
from censorscope.data.reader import read_labelled
from censorscope.data.themes import N_THEMES, THEMES
from censorscope.evaluate.baselines import PlainBaseline
from censorscope.evaluate.metrics import bootstrap_macro_f1, false_alarm_rate
from censorscope.features.contexts import FAMILIES
from censorscope.features.vectorizers import ContextVectorizer
from censorscope.models.calibration import Calibrated, Prevalence, calibrate
from censorscope.models.encoder import PairEncoder
from censorscope.models.theme_model import text_column
from censorscope.train.search import fold_groups
from censorscope.train.settings import TrainSettings

OUT = Path(__file__).parents[1] / "docs" / "ablation.md"
SETTINGS = TrainSettings()
C = 3.0


@dataclass(frozen=True)
class Table:
    """A labelled table, its mentions and their features, and what is learned of them."""

    frame: pd.DataFrame
    row: np.ndarray
    theme: np.ndarray
    X: sparse.csr_matrix
    target: np.ndarray
    """Probability of each mention that weights are fitted on: the label, unless a teacher has a say."""

    @property
    def Y(self) -> np.ndarray:
        """Labels, bool of shape (n, 4)."""
        return self.frame[list(THEMES)].to_numpy()

    @property
    def y(self) -> np.ndarray:
        """Whether each mention carries its theme."""
        return self.Y[self.row, self.theme]


def tables(frames: list[pd.DataFrame], **options: object) -> list[Table]:
    """Vectorise the mentions of all frames with the vocabulary of the first."""
    vectorizer = ContextVectorizer(**options).fit_contexts(text_column(frames[0]["text"]))
    result = []
    for frame in frames:
        contexts = vectorizer.contexts(text_column(frame["text"]))
        X = vectorizer.matrix(contexts)
        label = frame[list(THEMES)].to_numpy()[contexts.row, contexts.theme]
        result.append(Table(frame, contexts.row, contexts.theme, X, label.astype(np.float64)))
    return result


Fit = Callable[[sparse.csr_matrix, np.ndarray, np.ndarray], Callable]
"""Learns from features, targets and themes; returns a function of features and themes to scores."""


def logistic(weight: float = 1.0, strength: float = C) -> Fit:
    """Return the shipped classifier, with the negatives weighed."""

    def fit(X: sparse.csr_matrix, target: np.ndarray, theme: np.ndarray) -> Callable:  # noqa: ARG001
        true, false = np.flatnonzero(target > 0), np.flatnonzero(target < 1)
        model = LogisticRegression(C=strength, solver="liblinear", max_iter=1000)
        model.fit(
            X[np.concatenate([true, false])],
            np.repeat([True, False], [len(true), len(false)]),
            sample_weight=np.concatenate([target[true], weight * (1 - target[false])]),
        )
        return lambda X, theme: model.decision_function(X)  # noqa: ARG005

    return fit


def per_theme(X: sparse.csr_matrix, target: np.ndarray, theme: np.ndarray) -> Callable:
    """Fit one classifier a theme instead of a shared one."""
    fitted = [logistic()(X[theme == t], target[theme == t], theme) for t in range(N_THEMES)]

    def score(X: sparse.csr_matrix, theme: np.ndarray) -> np.ndarray:
        scores = np.zeros(len(theme))
        for t, one in enumerate(fitted):
            if (theme == t).any():
                scores[theme == t] = one(X[theme == t], theme)
        return scores

    return score


def smoothed(X: sparse.csr_matrix, target: np.ndarray, theme: np.ndarray) -> Callable:
    """Fit with labels that are wrong with a chance of 5%."""
    return logistic()(X, 0.9 * target + 0.05, theme)


def out_of_fold(table: Table, fit: Fit) -> np.ndarray:
    """Return the score of each mention by a model that saw nothing of its author."""
    groups = fold_groups(table.frame).to_numpy()[table.row]
    scores = np.empty(len(table.y))
    folds = GroupKFold(SETTINGS.folds, shuffle=True, random_state=0)
    for known, held_out in folds.split(table.X, table.y, groups):
        scorer = fit(table.X[known], table.target[known], table.theme[known])
        scores[held_out] = scorer(table.X[held_out], table.theme[held_out])
    return scores


def half_of_best(calibrated: Calibrated, table: Table) -> np.ndarray:  # noqa: ARG001
    """Return the shipped thresholds."""
    return calibrated.thresholds


def place_of_best(calibrated: Calibrated, table: Table) -> np.ndarray:
    """Return where the unweighted out-of-fold F1 is highest."""
    thresholds = []
    for t in range(N_THEMES):
        own = table.theme == t
        cuts = np.unique(calibrated.probability[own])
        y, p = table.y[own], calibrated.probability[own]
        f1 = [2 * (y & (p >= cut)).sum() / (y.sum() + (p >= cut).sum()) for cut in cuts[::5]]
        thresholds.append(cuts[::5][int(np.argmax(f1))])
    return np.array(thresholds)


def one_half(calibrated: Calibrated, table: Table) -> np.ndarray:  # noqa: ARG001
    """Return 0.5 for every theme."""
    return np.full(N_THEMES, 0.5)


def score(
    name: str,
    parts: list[Table],
    fit: Fit | None = None,
    *,
    prevalence: Prevalence = SETTINGS.expected_prevalence,
    rule: Callable = half_of_best,
    blend: list[np.ndarray] | None = None,
) -> dict[str, object]:
    """Fit a variant; return a row of the table."""
    fit = fit or logistic()
    train = parts[0]
    scores = out_of_fold(train, fit)
    calibrated = calibrate(scores, train.y, train.theme, prevalence)
    thresholds = rule(calibrated, train)
    final = fit(train.X, train.target, train.theme)
    row: dict[str, object] = {"variant": name}
    row["out of fold AP"] = mean_ap(train, calibrated.probability)
    for i, table in enumerate(parts[1:]):
        slope, offset = calibrated.calibration[table.theme].T
        p = 1 / (1 + np.exp(-(slope * final(table.X, table.theme) + offset)))
        proba = np.zeros(table.Y.shape)
        proba[table.row, table.theme] = p
        if blend is not None:
            proba = np.where(proba > 0, (proba + blend[i]) / 2, 0)
        decisions = (proba >= thresholds) & (proba > 0)
        where = ("test part", "other data")[i]
        macro, _ = bootstrap_macro_f1(table.Y, {"": decisions}, table.frame["article"].to_numpy())
        row[f"{where} macro-F1"] = str(macro[""])
        row[f"{where} AP"] = mean_ap(table, proba[table.row, table.theme])
        row[f"{where} false alarms"] = f"{false_alarm_rate(table.Y, decisions):.2%}"
    return row


def mean_ap(table: Table, probability: np.ndarray) -> float:
    """Return the mean average precision over themes; a sentence without a mention has 0."""
    proba = np.zeros(table.Y.shape)
    proba[table.row, table.theme] = probability
    return round(
        float(
            np.mean([average_precision_score(table.Y[:, t], proba[:, t]) for t in range(N_THEMES)])
        ),
        4,
    )


def opinions(table: Table, encoder: str) -> np.ndarray:
    """Return the probability of each mention by an encoder that has not seen its author.

    Two encoders, each fine-tuned on half of the authors, judge the other half.
    """
    texts = table.frame["text"].to_numpy()[table.row]
    groups = pd.factorize(fold_groups(table.frame))[0][table.row]
    scores = np.empty(len(table.y))
    folds = GroupKFold(2, shuffle=True, random_state=0)
    for known, others in folds.split(table.X, table.y, groups):
        teacher = PairEncoder.pretrained(encoder).fit(
            texts[known].tolist(), table.theme[known], table.y[known], epochs=3, report=print
        )
        scores[others] = teacher.scores(texts[others].tolist(), table.theme[others])
    return calibrate(scores, table.y, table.theme, 0).probability


def distilled(frames: list[pd.DataFrame], encoder: str) -> Iterator[dict[str, object]]:
    """Yield rows of tables that learn from an encoder."""
    first, *others = tables(frames)
    opinion = opinions(first, encoder)
    for name, target in (
        ("mean of label and teacher", (first.target + opinion) / 2),
        ("teacher alone", opinion),
    ):
        yield score(name, [replace(first, target=target), *others])
        yield score(
            f"{name}, C = 10", [replace(first, target=target), *others], logistic(strength=10)
        )


def variants(frames: list[pd.DataFrame]) -> Iterator[dict[str, object]]:
    """Yield the rows of the table."""
    parts = tables(frames)
    yield score("as shipped", parts)
    yield score("label smoothing 5%", parts, smoothed)
    for family in FAMILIES:
        without = tables(frames, families=[f for f in FAMILIES if f != family])
        yield score(f"without {family}", without)
    yield score("every feature, not only those of two mentions", tables(frames, min_df=1))
    yield score("features of three mentions", tables(frames, min_df=3))
    yield score("C = 1", parts, logistic(strength=1.0))
    yield score("C = 10", parts, logistic(strength=10.0))
    yield score("one classifier a theme", parts, per_theme)
    yield score("negatives weigh double in the fit", parts, logistic(2.0))
    yield score("negatives weigh half in the fit", parts, logistic(0.5))
    for prevalence in (0, 0.25, 0.15, 0.1, 0.05):
        name = f"{prevalence:.0%} of every ground" if prevalence else "the corpus's own"
        yield score(f"expected prevalence: {name}", parts, prevalence=prevalence)
    yield score("threshold where F1 is highest", parts, rule=place_of_best)
    yield score("threshold 0.5", parts, rule=one_half)
    sub_words = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), min_df=3, max_features=60_000, sublinear_tf=True
    ).fit(frames[0]["text"])
    wide = [
        replace(t, X=sparse.hstack(
            [t.X, sub_words.transform(t.frame["text"])[t.row] * 0.5]).tocsr())
        for t in parts
    ]  # fmt: skip
    yield score("with sub-words of the whole sentence", wide)
    plain = PlainBaseline().fit(frames[0]["text"], parts[0].Y)
    blend = [plain.predict_proba(f["text"]) for f in frames[1:]]
    yield score("mean with the plain whole-sentence model", parts, blend=blend)


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a labelled file to score as well")
    parser.add_argument(
        "--grounds", type=Path, action="append", default=[], help="another ground table to try"
    )
    parser.add_argument(
        "--teacher",
        metavar="ENCODER",
        help="learn from an encoder, too (needs the extra `encoder`)",
    )
    arguments = parser.parse_args()
    frames = list(development_and_test())
    if arguments.data:
        frames.append(read_labelled(arguments.data))
    rows = []
    tried = (
        score(f"ground table {path.name}", tables(frames, grounds=path))
        for path in arguments.grounds
    )
    taught = distilled(frames, arguments.teacher) if arguments.teacher else ()
    for row in itertools.chain(variants(frames), tried, taught):
        print(row, flush=True)
        rows.append(row)
    command = shlex.join(
        ["python", "benchmarks/ablation.py", *(Path(a).name for a in sys.argv[1:])]
    )
    OUT.write_text(
        f"# Ablation\n\nWritten by `{command}` on {described()}. Other data: "
        f"{arguments.data.name if arguments.data else 'none'}, scored only.\n\n"
        f"{pd.DataFrame(rows).to_markdown(index=False)}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
