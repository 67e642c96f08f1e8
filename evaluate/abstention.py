"""How much a person has to read for labels of a wanted precision."""

import numpy as np
import pandas as pd

from ..data.themes import THEMES
from ..models.theme_model import PRECISIONS, ThemeModel


def abstention(model: ThemeModel, frame: pd.DataFrame) -> pd.DataFrame:
    """Label a table at each of `theme_model.PRECISIONS` and count what is left to read.

    Parameters
    ----------
    model : ThemeModel
    frame : pandas.DataFrame
        As from `data.reader.read_labelled`.

    Returns
    -------
    pandas.DataFrame
        One row a wanted precision: precision (the share of right ones among the labels given; missing
        when none was), labels (given unread), to_read (labels left to a person), share_to_read (of
        both together), recall (of the true labels, when the person decides rightly).
    """
    Y = frame[list(THEMES)].to_numpy()
    proba = model.predict_proba(frame["text"])
    rows = []
    for wanted in PRECISIONS:
        sure = model.at_precision(wanted)
        given, left = sure.decide(proba), sure.needs_reading(proba)
        n_given, n_left = int(given.sum()), int(left.sum())
        rows.append(
            {
                "wanted": wanted,
                "precision": (Y & given).sum() / n_given if n_given else np.nan,
                "labels": n_given,
                "to_read": n_left,
                "share_to_read": n_left / max(1, n_given + n_left),
                "recall": (Y & (given | left)).sum() / max(1, Y.sum()),
            }
        )
    return pd.DataFrame(rows).set_index("wanted")
