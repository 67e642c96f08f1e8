"""Behaviour of the default model on plain sentences; a regression fails here.

After retraining, refresh the floors: ``python -m tests.evaluate.floors`` (or ``make floors``).
"""

import json
import re
from collections import Counter

import numpy as np
import pytest

from censorscope.data.corpus import load_corpus, load_splits
from censorscope.data.themes import THEMES
from censorscope.evaluate.behaviour import (
    flip_rates,
    pass_rates,
    read_cases,
)
from censorscope.evaluate.changes import CHANGES
from censorscope.evaluate.exchange import exchange_names, flip_rate
from tests.evaluate.floors import PATH, measure, rounded_down

FLOORS = json.loads(PATH.read_text(encoding="utf-8"))


class SaysNothing:
    """A system that gives no sentence a theme."""

    def predict_proba(self, texts):
        return np.zeros((len(texts), len(THEMES)))

    def predict(self, texts):
        return np.zeros((len(texts), len(THEMES)), dtype=bool)


class FearsCapitals(SaysNothing):
    """A system that gives a theme to whatever holds no small letter."""

    def predict(self, texts):
        shouted = np.array([text == text.upper() for text in texts])
        return np.repeat(shouted[:, None], len(THEMES), axis=1)


@pytest.fixture(scope="module")
def reached(model) -> dict[str, dict[str, float]]:
    return measure(model)


@pytest.mark.parametrize("part", ["passed", "kept"])
def test_every_floor_is_kept(reached, part) -> None:
    assert set(reached[part]) == set(FLOORS[part])
    assert {n: s for n, s in reached[part].items() if s < FLOORS[part][n] - 1e-9} == {}


def test_names_of_countries_outlets_and_platforms_hardly_matter(model) -> None:
    exchanged = exchange_names(model, load_splits()["test"]["text"])
    assert (exchanged["kind"] == "all").sum() > 1000
    assert flip_rate(exchanged) < 0.01
    assert flip_rate(exchanged, "country") < 0.01
    # Names of platforms are words like others to the model, and Telegram is a channel besides.
    assert flip_rate(exchanged, "platform") < 0.03


def test_there_are_cases_enough_on_both_sides_of_every_rule() -> None:
    cases = read_cases()
    assert len(cases) >= 320
    labelled = Counter(rule for case in cases if any(case.labels) for rule in case.rules)
    unlabelled = Counter(rule for case in cases if not any(case.labels) for rule in case.rules)
    for rule in range(1, 27):
        assert labelled[rule], rule
        assert unlabelled[rule], rule
        assert labelled[rule] + unlabelled[rule] >= 4, rule
    assert max(labelled | unlabelled) == 26
    for theme in range(len(THEMES)):
        assert sum(case.labels[theme] for case in cases) >= 40


def test_cases_are_written_once_and_for_this_alone() -> None:
    texts = [_bare(case.text) for case in read_cases()]
    assert len(set(texts)) == len(texts)
    assert not set(texts) & set(map(_bare, load_corpus()["text"]))


def test_no_case_is_a_sentence_of_the_benchmark(benchmark_path) -> None:
    real = {
        _bare(json.loads(line)["text"])
        for line in benchmark_path.read_text(encoding="utf-8").splitlines()
    }
    assert not {_bare(case.text) for case in read_cases()} & real


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_alters_some_cases_and_always_in_the_same_way(name) -> None:
    texts = [case.text for case in read_cases()]
    once = [CHANGES[name](text) for text in texts]
    assert once == [CHANGES[name](text) for text in texts]
    assert sum(new != old for new, old in zip(once, texts, strict=True)) >= 5


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("numbers", "It shut 40 sites.", "It shut 283 sites."),
        ("spelling", "Rumours cost 3 per cent.", "Rumors cost 3 percent."),
        ("quotes", 'The "hoax" wasn\'t.', "The \u201choax\u201d wasn\u2019t."),
        ("no punctuation", "Shut, he said: anti-terror law.", "Shut he said anti-terror law"),
        ("all capitals", "Sites shut", "SITES SHUT"),
    ],
)
def test_changes_by_hand(name, before, after) -> None:
    assert CHANGES[name](before) == after


def test_damage_touches_letters_and_keeps_the_words_apart() -> None:
    text = "The ministry blocked several foreign newspapers over rumours about the president."
    typos, scanned = CHANGES["typos"](text), CHANGES["OCR noise"](text)
    assert typos != text
    assert sorted(typos) == sorted(text)
    assert len(scanned.split()) == len(text.split())
    assert scanned != text


def test_rates_by_hand() -> None:
    cases = read_cases()
    rates = pass_rates(SaysNothing(), cases).set_index(["part", "name"])
    headlines = [case for case in cases if case.capability == "headlines"]
    assert rates.loc[("capability", "headlines"), "cases"] == len(headlines)
    assert rates.loc[("capability", "headlines"), "passed"] == pytest.approx(
        sum(not any(case.labels) for case in headlines) / len(headlines)
    )
    assert rates.loc[("rule", "26"), "passed"] == pytest.approx(4 / 7)


def test_a_system_that_minds_capitals_is_found_out() -> None:
    flips = flip_rates(FearsCapitals(), read_cases()).set_index("change")["flipped"]
    assert flips["all capitals"] == 1
    assert flips["numbers"] == 0


def test_floors_are_rounded_down() -> None:
    assert [rounded_down(s) for s in (1.0, 0.949, 0.95, 0.9499999999999, 0.3, 0.02)] == [
        1.0, 0.9, 0.95, 0.95, 0.3, 0.0]  # fmt: skip


@pytest.mark.parametrize(
    ("with_control", "without", "theme"),
    [
        ("Police closed the sites of the swindlers.", "Police met the swindlers.", "fraud"),
        ("The clip was removed as extremist.", "The clip was seen as extremist.", "terrorism"),
        ("The novel was banned as obscene.", "The novel was praised, if obscene.", "pornography"),
        ("He was fined for posting rumours.", "He was tired of hearing rumours.", "rumour_control"),
    ],
)
def test_control_raises_the_probability(model, with_control, without, theme) -> None:
    proba = model.predict_proba([with_control, without])[:, THEMES.index(theme)]
    assert proba[0] > proba[1] + 0.1


def test_a_ground_named_gets_more_than_the_others(model) -> None:
    proba = model.predict_proba(["The regulator blocked 30 sites over pornography."])[0]
    assert np.argmax(proba) == THEMES.index("pornography")
    assert (np.delete(proba, THEMES.index("pornography")) == 0).all()


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
