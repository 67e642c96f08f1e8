"""Behaviour of the default model on plain sentences; a regression fails here."""

import numpy as np
import pytest

from censorscope.data.themes import THEMES
from censorscope.evaluate.behaviour import CHANGES, flip_rates, pass_rates, read_cases

FLOORS = {
    "both conditions needed": 0.85,
    "act or message": 0.7,
    "denial and reversal": 0.6,
    "several grounds": 0.75,
    "other grounds": 0.85,
    "ordinary senses of control verbs": 0.85,
    "channel measures for fraud": 0.8,
    "headlines": 0.8,
}
"""What the model of today reaches, rounded down: raise them when it gets better."""


def test_every_capability_keeps_its_floor(model) -> None:
    rates = pass_rates(model, read_cases())
    assert set(rates.index) == set(FLOORS)
    assert {c: r for c, r in rates.items() if r < FLOORS[c]} == {}


@pytest.mark.parametrize("change", [c for c in CHANGES if c not in ("names", "attribution")])
def test_what_must_not_matter_does_not(model, change) -> None:
    assert flip_rates(model, read_cases())[change] <= 0.02


@pytest.mark.parametrize("change", ["names", "attribution"])
def test_names_and_attribution_matter_little(model, change) -> None:
    assert flip_rates(model, read_cases())[change] <= 0.08


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
