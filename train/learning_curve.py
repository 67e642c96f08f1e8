"""What more articles bring: the chosen classifier, fitted on growing shares of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from ..data.exceptions import InputError
from ..data.themes import THEMES
from .search import fold_groups, make_classifier
from .settings import TrainSettings

SHARES: Final = (0.125, 0.25, 0.5, 1.0)


def learning_curve(
    settings: TrainSettings,
    params: dict[str, Any],
    train: pd.DataFrame,
    others: Mapping[str, pd.DataFrame],
    *,
    seeds: Sequence[int],
) -> pd.DataFrame:
    """Fit on each of `SHARES` of the articles and score on other tables.

    Parameters
    ----------
    settings : TrainSettings
    params : dict
        Of the candidate to fit, see `search.Candidate`.
    train : pandas.DataFrame
        Columns text, article and one of bool a theme; author where known.
    others : mapping of str to pandas.DataFrame
        Tables to score on, with columns text and one of bool a theme.
    seeds : sequence of int
        Each draws the articles of the shares anew; a larger share holds the smaller ones.

    Returns
    -------
    pandas.DataFrame
        A row for each share and seed: share, seed, sentences, and macro-F1 on each of `others`. Shares
        without what a fit needs, such as a sentence of each theme, are left out.
    """
    parts = ((share, seed, _part(train, share, seed)) for share in SHARES for seed in seeds)
    points = Parallel(n_jobs=settings.jobs)(
        delayed(_point)(settings, params, share, seed, part, list(others.values()))
        for share, seed, part in parts
        if part[list(THEMES)].any(axis=0).all()
    )
    rows = [point for point in points if point is not None]
    return pd.DataFrame(rows, columns=["share", "seed", "sentences", *others])


def _part(train: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    articles = np.random.default_rng(seed).permutation(train["article"].unique())
    return train[train["article"].isin(articles[: max(2, int(share * len(articles)))])]


def _point(
    settings: TrainSettings,
    params: dict[str, Any],
    share: float,
    seed: int,
    part: pd.DataFrame,
    others: list[pd.DataFrame],
) -> tuple[float, ...] | None:
    classifier = make_classifier(settings, params)
    try:
        classifier.fit(part["text"], part[list(THEMES)].to_numpy(), fold_groups(part))
    except InputError:
        return None
    scores = (classifier.score(other["text"], other[list(THEMES)].to_numpy()) for other in others)
    return share, seed, len(part), *scores
