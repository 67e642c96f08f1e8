"""Metrics over parts of the data: where a model is worse than its average."""

from typing import Any, Final

import numpy as np
import pandas as pd

from ..data.themes import THEMES
from .metrics import false_alarm_rate, theme_metrics

FLOOR: Final = 30
"""Labels a slice must hold to be ranked: with fewer, F1 says more about chance than about it."""
YEARS_PER_SLICE: Final = 5
LENGTHS: Final = ((1, 10), (11, 20), (21, 30), (31, None))
"""Bounds of the slices by sentence length, in words."""


def slice_table(frame: pd.DataFrame, proba: np.ndarray, decisions: np.ndarray) -> pd.DataFrame:
    """Return the metrics of each slice by source, year, region, register and sentence length.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `data.reader.read_labelled`; a column that is missing gives no slices.
    proba : ndarray of float64, shape (n, 4)
    decisions : ndarray of bool, shape (n, 4)

    Returns
    -------
    pandas.DataFrame
        Columns column, slice, sentences, positives (labels), themes (how many occur in it),
        macro_f1, macro_precision, macro_recall (over those themes; missing without any),
        false_alarm_rate (of its sentences without a label), ranked (bool: at least `FLOOR` labels).
        Ranked slices come first, the worst of them on top.
    """
    Y = frame[list(THEMES)].to_numpy(dtype=bool)
    rows = []
    for column, names in _slices(frame).items():
        for name in names.dropna().unique():
            inside = (names == name).to_numpy()
            rows.append({"column": column, "slice": name} | _row(Y, proba, decisions, inside))
    columns = [
        "column", "slice", "sentences", "positives", "themes",
        "macro_f1", "macro_precision", "macro_recall", "false_alarm_rate", "ranked",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).astype({"ranked": bool})
    order = np.lexsort((table["column"], table["macro_f1"].fillna(2), ~table["ranked"]))
    return table.iloc[order].reset_index(drop=True)


def worst_slice(table: pd.DataFrame) -> "pd.Series[Any] | None":
    """Return the ranked slice of lowest macro-F1, None when no slice holds `FLOOR` labels."""
    return table.iloc[0] if len(table) and table["ranked"].iloc[0] else None


def _row(
    Y: np.ndarray, proba: np.ndarray, decisions: np.ndarray, inside: np.ndarray
) -> dict[str, object]:
    present = Y[inside].any(axis=0)
    metrics = theme_metrics(Y[inside], proba[inside], decisions[inside])
    shown = metrics.loc[[t for t, yes in zip(THEMES, present, strict=True) if yes]]
    return {
        "sentences": int(inside.sum()),
        "positives": int(Y[inside].sum()),
        "themes": int(present.sum()),
        "macro_f1": shown["f1"].mean(),
        "macro_precision": shown["precision"].mean(),
        "macro_recall": shown["recall"].mean(),
        "false_alarm_rate": false_alarm_rate(Y[inside], decisions[inside]),
        "ranked": bool(Y[inside].sum() >= FLOOR),
    }


def _slices(frame: pd.DataFrame) -> "dict[str, pd.Series[str]]":
    """Return the slice of each row, by column."""
    slices = {c: frame[c].astype("object") for c in ("source", "region", "register") if c in frame}
    if "year" in frame:
        year = pd.to_numeric(frame["year"], errors="coerce")
        first = year // YEARS_PER_SLICE * YEARS_PER_SLICE
        slices["year"] = first.map(
            lambda y: f"{y:.0f}-{y + YEARS_PER_SLICE - 1:.0f}", na_action="ignore"
        )
    words = np.array([len(text.split()) for text in frame["text"]])
    starts = [low for low, _ in LENGTHS]
    names = [f"{low}-{high} words" if high else f"{low} words or more" for low, high in LENGTHS]
    at = np.searchsorted(starts, words, side="right") - 1
    slices["length"] = pd.Series([names[i] for i in at], index=frame.index, dtype="object")
    return slices
