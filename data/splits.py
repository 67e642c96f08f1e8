"""Splits by article, never by sentence."""

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from .exceptions import InputError
from .themes import THEMES


def split_by_article(
    frame: pd.DataFrame, *, test_share: float = 0.2, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divide a labelled table into a training and a test part.

    Articles are taken in an order given by the seed and their ids (so the order of rows is of no
    account); each goes to the part that lacks most of what it brings, counted over the
    combinations of labels (iterative stratification; Sechidis, Tsoumakas and Vlahavas 2011).

    Parameters
    ----------
    frame : pandas.DataFrame
        As from `data.reader.read_labelled`.
    test_share : float
        Strictly between 0 and 1.
    seed : int

    Returns
    -------
    train, test : pandas.DataFrame

    Raises
    ------
    InputError
        When there are fewer than two articles.
    """
    if not 0 < test_share < 1:
        raise InputError(f"test_share is {test_share}, must lie between 0 and 1")
    combination = frame[list(THEMES)].to_numpy() @ (1 << np.arange(len(THEMES)))
    counts = pd.crosstab(frame["article"], combination)
    if len(counts) < 2:
        raise InputError("the data hold one article, a split needs two", remedy="Add articles.")
    order = sorted(counts.index, key=lambda a: hashlib.sha256(f"{seed}:{a}".encode()).digest())
    total = counts.sum()
    rarity = 1 / total.to_numpy()
    wanted = np.stack([total.to_numpy() * (1 - test_share), total.to_numpy() * test_share])
    parts: tuple[list[str], list[str]] = ([], [])
    matrix = dict(zip(counts.index, counts.to_numpy(), strict=True))
    # Articles with the rarest combinations first, while both parts still have room for them.
    order.sort(key=lambda a: -float((matrix[a] * rarity).max()))
    for article in order:
        brings = matrix[article]
        # Room is relative to a part's size, else the larger part would take all the first.
        room = [
            (wanted[p] / (total.to_numpy() * share)) @ (brings * rarity)
            for p, share in enumerate((1 - test_share, test_share))
        ]
        part = int(room[1] > room[0])
        wanted[part] -= brings
        parts[part].append(article)
    if not parts[1]:
        parts[1].append(parts[0].pop())
    return take(frame, parts[0]), take(frame, parts[1])


def take(frame: pd.DataFrame, articles: list[str]) -> pd.DataFrame:
    """Return the rows of the articles named, in the order of the table."""
    return frame[frame["article"].isin(articles)].reset_index(drop=True)


def split_by_ids(frame: pd.DataFrame, splits: Mapping[str, list[str]]) -> dict[str, pd.DataFrame]:
    """Divide a table by stored lists of article ids.

    Raises
    ------
    InputError
        When an article is in no list, in two lists, or missing from the table.
    """
    listed = [a for articles in splits.values() for a in articles]
    present = set(frame["article"])
    if len(listed) != len(set(listed)) or set(listed) != present:
        odd = sorted((set(listed) ^ present) or {a for a in listed if listed.count(a) > 1})
        raise InputError(
            f"the stored split does not fit the articles (for instance {odd[0]})",
            remedy="List every article in exactly one part.",
        )
    return {name: take(frame, articles) for name, articles in splits.items()}
