"""Figures of a run; every function returns a Matplotlib figure and writes nothing."""

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

from ..data.themes import N_THEMES, THEMES
from ..models.table_model import TableModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..models.theme_model import ThemeModel

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe and Ito's palette, told apart by colour-blind readers; one colour a theme."""


def _figure(
    title: str, n_columns: int = 1, height: float = 4.2, width: float = 3.4
) -> tuple[Figure, "list[Axes]"]:
    figure = Figure(figsize=(max(7.0, width * n_columns), height), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(1, n_columns, squeeze=False)[0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def precision_recall(Y: np.ndarray, proba: np.ndarray, model: "ThemeModel") -> Figure:
    """Draw precision against recall a theme, with a dot at the threshold in force.

    Parameters
    ----------
    Y : ndarray of bool, shape (n, 4)
        True labels.
    proba : ndarray of float64, shape (n, 4)
    model : ThemeModel
        Whose thresholds are in force.
    """
    figure, (axis,) = _figure("Precision and recall on held-back articles")
    decisions = model.decide(proba)
    for k, theme in enumerate(THEMES):
        if not Y[:, k].any():
            continue
        precision, recall, _ = precision_recall_curve(Y[:, k], proba[:, k])
        axis.step(recall, precision, where="post", color=COLOURS[k], label=theme)
        hit = (Y[:, k] & decisions[:, k]).sum()
        if decisions[:, k].any():
            axis.plot(hit / Y[:, k].sum(), hit / decisions[:, k].sum(), "o", color=COLOURS[k])
    axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    axis.legend(frameon=False, loc="lower left", title="dot: threshold in force")
    return figure


def calibration(Y: np.ndarray, proba: np.ndarray, *, n_bins: int = 8) -> Figure:
    """Draw how often sentences given a probability carry the theme; dot size: sentences.

    Parameters
    ----------
    Y : ndarray of bool, shape (n, 4)
        True labels.
    proba : ndarray of float64, shape (n, 4)
    n_bins : int, default=8
        Bins of equal width.
    """
    figure, (axis,) = _figure(
        "Calibration on held-back articles (sentences that mention the ground)"
    )
    axis.plot([0, 1], [0, 1], color="0.7", linewidth=1, zorder=0)
    for k, theme in enumerate(THEMES):
        mentioned = proba[:, k] > 0
        p, y = proba[mentioned, k], Y[mentioned, k]
        bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
        used = np.unique(bins)
        mean = [p[bins == b].mean() for b in used]
        share = [y[bins == b].mean() for b in used]
        axis.plot(mean, share, color=COLOURS[k], linewidth=1)
        sizes = [6 + 2 * np.sqrt((bins == b).sum()) for b in used]
        axis.scatter(mean, share, s=sizes, color=COLOURS[k], label=theme)
    axis.set(xlabel="mean probability", ylabel="share that carries the theme")
    axis.set(xlim=(0, 1), ylim=(0, 1))
    axis.legend(frameon=False, loc="upper left")
    return figure


def confusion(Y: np.ndarray, decisions: np.ndarray) -> Figure:
    """Draw the four counts a theme.

    Parameters
    ----------
    Y : ndarray of bool, shape (n, 4)
        True labels.
    decisions : ndarray of bool, shape (n, 4)
    """
    figure, axes = _figure("Confusion on held-back articles", N_THEMES, 3.4)
    for k, (theme, axis) in enumerate(zip(THEMES, axes, strict=True)):
        y, d = Y[:, k].astype(int), decisions[:, k].astype(int)
        counts = np.bincount(2 * y + d, minlength=4).reshape(2, 2)
        share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for row in range(2):
            for column in range(2):
                axis.text(
                    column, row, f"{counts[row, column]:,}", ha="center", va="center",
                    color="white" if share[row, column] > 0.5 else "black",
                )  # fmt: skip
        axis.set(title=theme, xticks=(0, 1), yticks=(0, 1), xlabel="given")
        axis.set_xticklabels(("no", "yes"))
        axis.set_yticklabels(("no", "yes"))
        axis.spines[:].set_visible(False)
        if k == 0:
            axis.set_ylabel("true")
    return figure


def learning_curve(curve: pd.DataFrame) -> Figure:
    """Draw macro-F1 against the number of training sentences.

    Parameters
    ----------
    curve : pandas.DataFrame
        Columns sentences and macro_f1.
    """
    figure, (axis,) = _figure("Learning curve on held-back articles")
    axis.plot(curve["sentences"], curve["macro_f1"], "o-", color=COLOURS[0])
    for sentences, score in curve.itertuples(index=False):
        axis.annotate(f"{score:.3f}", (sentences, score), (0, 7), textcoords="offset points",
                      ha="center")  # fmt: skip
    axis.set(xlabel="training sentences", ylabel="macro-F1", ylim=(0, 1))
    return figure


def top_terms(model: "TableModel", *, n: int = 18) -> Figure:
    """Draw the features that speak most for and against control of information.

    Parameters
    ----------
    model : TableModel
    n : int, default=18
        Features on each side.
    """
    names = np.array(model.vocabulary.names(model.grounds, model.cues))
    figure, axes = _figure("Heaviest features: control of information, and not", 2, 6.0, 6.0)
    order = np.argsort(model.coef)
    for axis, chosen, colour in zip(
        axes, (order[-n:], order[:n][::-1]), (COLOURS[0], COLOURS[1]), strict=True
    ):
        axis.barh(range(len(chosen)), model.coef[chosen], color=colour)
        axis.set_yticks(range(len(chosen)), names[chosen], fontsize=8)
        axis.set_xlabel("weight")
    return figure


def risk_coverage(Y: np.ndarray, proba: np.ndarray, model: "ThemeModel") -> Figure:
    """Draw the share of wrong labels against the share of the found labels given unread.

    Raising the threshold from the one in force leaves more for a person to read and makes the
    labels given surer (El-Yaniv and Wiener 2010, on selective classification).

    Parameters
    ----------
    Y : ndarray of bool, shape (n, 4)
        True labels.
    proba : ndarray of float64, shape (n, 4)
    model : ThemeModel
        Whose thresholds are in force.
    """
    figure, (axis,) = _figure("Risk and coverage on held-back articles")
    decisions = model.decide(proba)
    for k, theme in enumerate(THEMES):
        flagged = decisions[:, k]
        order = np.argsort(-proba[flagged, k], kind="stable")
        wrong = np.cumsum(~Y[flagged, k][order])
        given = np.arange(1, len(order) + 1)
        axis.plot(given / len(order), wrong / given, color=COLOURS[k], label=theme)
    axis.set(
        xlabel="share of the flagged sentences labelled unread", ylabel="share of wrong labels"
    )
    axis.set(xlim=(0, 1.02), ylim=(0, None))
    axis.legend(frameon=False, loc="upper left")
    return figure


def run_figures(model: "ThemeModel", test: pd.DataFrame, curve: pd.DataFrame) -> dict[str, Figure]:
    """Return every figure of a run by file name.

    Parameters
    ----------
    model : ThemeModel
    test : pandas.DataFrame
        Held-back sentences: column text and one of bool a theme.
    curve : pandas.DataFrame
        As `learning_curve` takes it; empty for no such figure.
    """
    Y = test[list(THEMES)].to_numpy()
    proba = model.predict_proba(test["text"])
    figures = {
        "precision_recall.png": precision_recall(Y, proba, model),
        "calibration.png": calibration(Y, proba),
        "confusion.png": confusion(Y, model.decide(proba)),
        "risk_coverage.png": risk_coverage(Y, proba, model),
    }
    if len(curve):
        figures["learning_curve.png"] = learning_curve(curve)
    if isinstance(model, TableModel):
        figures["top_terms.png"] = top_terms(model)
    return figures
