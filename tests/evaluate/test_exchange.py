import re
from collections import Counter

import numpy as np
import pytest

from censorscope.data.corpus import load_splits
from censorscope.data.themes import THEMES
from censorscope.evaluate.exchange import (
    exchange,
    exchange_names,
    flip_rate,
    read_names,
)


class Patriot:
    """A system that labels whatever names one country."""

    def predict_proba(self, texts):
        return self.predict(texts).astype(float)

    def predict(self, texts):
        found = np.array([bool(re.search(r"\bPeru\b", text)) for text in texts], dtype=bool)
        return np.repeat(found[:, None], len(THEMES), axis=1)


def test_the_list_is_long_enough_and_every_country_has_an_adjective() -> None:
    names = read_names()
    count = Counter(name.kind for name in names)
    assert count["country"] >= 40
    assert count["outlet"] + count["platform"] >= 20
    assert all(bool(name.adjectives) == (name.kind == "country") for name in names)
    forms = [form for name in names for form in {*name.forms, *name.adjectives}]
    assert {form for form, n in Counter(forms).items() if n > 1} == set()


@pytest.mark.parametrize("seed", range(3))
def test_every_name_becomes_another_of_its_kind(seed) -> None:
    for kind in {name.kind for name in read_names()}:
        names = [name for name in read_names() if name.kind == kind]
        became = [exchange(f"in {n.forms[0]}", kinds=(kind,), seed=seed)[3:] for n in names]
        assert all(new != name.forms[0] for name, new in zip(names, became, strict=True))
        assert sorted(became) == sorted(name.forms[0] for name in names)


def test_writings_of_one_name_become_one_name() -> None:
    assert (
        len({exchange(f"in {form}") for form in ("the US", "the U.S.", "the United States")}) == 1
    )
    assert exchange("US officials") == exchange("American officials") != "US officials"
    country, adjective = exchange("Iran. Iranian").split(". ")
    pair = [n for n in read_names() if n.forms[0] == country or n.forms[0] == f"the {country[4:]}"]
    assert pair[0].adjectives[0] == adjective


@pytest.mark.parametrize(
    "text", ["New Mexico", "Chinatown", "an anti-Russian-made tank", "turkey for dinner", "tell us"]
)
def test_what_only_looks_like_a_name_stays(text) -> None:
    assert exchange(text) == text


def test_articles_and_capitals_follow() -> None:
    seen = {exchange("He met a Russian editor.", seed=seed) for seed in range(60)}
    assert any(" an " in text for text in seen)
    assert not [t for t in seen if re.search(r"\ba [AEIO]|\ban [^AEIO]", t)]
    starts = {exchange("Peru shut it.", seed=seed)[0] for seed in range(60)}
    assert all(start.isupper() for start in starts)
    assert "T" in starts


def test_a_system_that_minds_a_country_is_found_out() -> None:
    texts = ["Peru shut the site.", "Chile shut the site.", "Somebody shut the site."]
    frame = exchange_names(Patriot(), texts, n_permutations=4)
    assert set(frame["sentence"]) == {0, 1}
    assert frame["kind"].value_counts().to_dict() == {"country": 8, "all": 8}
    assert frame.loc[frame["sentence"] == 0, "flipped"].all()
    assert flip_rate(frame, "platform") == 0
    assert flip_rate(frame) >= 0.5
    assert flip_rate(exchange_names(Patriot(), ["Nobody."])) == 0


def test_the_corpus_holds_names_to_exchange() -> None:
    texts = load_splits()["test"]["text"]
    # Outlets are missing here: those of the corpus are invented, and on no list.
    for kind in ("country", "platform"):
        assert sum(exchange(text, kinds=(kind,)) != text for text in texts) >= 30, kind
