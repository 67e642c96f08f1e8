import numpy as np
import pandas as pd
import pytest

from censorscope.data.exceptions import InputError
from censorscope.data.splits import split_by_article, split_by_ids
from censorscope.data.themes import THEMES


def test_no_article_is_divided(small) -> None:
    train, test = split_by_article(small, test_share=0.25, seed=3)
    assert not set(train["article"]) & set(test["article"])
    assert len(train) + len(test) == len(small)
    assert 0.2 < len(test) / len(small) < 0.3


def test_every_theme_is_shared_out(small) -> None:
    _, test = split_by_article(small, test_share=0.25, seed=0)
    share = test[list(THEMES)].sum() / small[list(THEMES)].sum()
    assert ((share > 0.12) & (share < 0.38)).all(), share


def test_the_seed_decides_and_the_order_of_rows_does_not(small) -> None:
    _, first = split_by_article(small, seed=1)
    _, again = split_by_article(small.sample(frac=1, random_state=5), seed=1)
    _, other = split_by_article(small, seed=2)
    assert set(first["article"]) == set(again["article"]) != set(other["article"])


def test_two_articles_are_the_least(small) -> None:
    one = small[small["article"] == small["article"].iloc[0]]
    with pytest.raises(InputError, match="a split needs two"):
        split_by_article(one)
    pair = pd.DataFrame({"article": ["a", "b"], "text": ["x", "y"]} | dict.fromkeys(THEMES, False))
    train, test = split_by_article(pair)
    assert (len(train), len(test)) == (1, 1)


def test_stored_ids_have_to_fit(small) -> None:
    ids = sorted(small["article"].unique())
    parts = split_by_ids(small, {"a": ids[:5], "b": ids[5:]})
    assert np.array_equal(parts["a"]["article"].unique(), small["article"][
        small["article"].isin(ids[:5])].unique())  # fmt: skip
    with pytest.raises(InputError, match="does not fit"):
        split_by_ids(small, {"a": ids[:5], "b": ids[4:]})
    with pytest.raises(InputError, match="does not fit"):
        split_by_ids(small, {"a": ids[:-1]})
