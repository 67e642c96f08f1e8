"""The sentences a model is most wrong about."""

import numpy as np
import pandas as pd

from ..data.themes import THEMES
from ..models.theme_model import ThemeModel, join_labels


def worst_errors(model: ThemeModel, frame: pd.DataFrame, *, n: int | None = 100) -> pd.DataFrame:
    """Return wrongly labelled sentences, those furthest from the truth first.

    Parameters
    ----------
    model : ThemeModel
    frame : pandas.DataFrame
        As from `data.reader.read_labelled`.
    n : int, optional
        How many at most; all with None.

    Returns
    -------
    pandas.DataFrame
        Columns article, sentence, theme, error (``missed`` or ``false alarm``), probability,
        text, true, given. A missed theme of probability 0 is one whose ground was not found.
    """
    Y = frame[list(THEMES)].to_numpy()
    proba = model.predict_proba(frame["text"])
    decisions = model.decide(proba)
    row, theme = np.nonzero(decisions != Y)
    gap = np.abs(Y[row, theme] - proba[row, theme])
    order = np.argsort(-gap, kind="stable")[:n]
    row, theme = row[order], theme[order]
    true, given = join_labels(Y), join_labels(decisions)
    return pd.DataFrame(
        {
            "article": frame["article"].to_numpy()[row],
            "sentence": frame["sentence"].to_numpy()[row],
            "theme": np.array(THEMES)[theme],
            "error": np.where(Y[row, theme], "missed", "false alarm"),
            "probability": proba[row, theme].round(4),
            "text": frame["text"].to_numpy()[row],
            "true": [true[i] for i in row],
            "given": [given[i] for i in row],
        }
    )
