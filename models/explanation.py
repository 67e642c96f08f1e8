"""Why a sentence got its labels: ground words, cues of control and exact contributions."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..data.themes import THEMES
from ..features.columns import strings
from ..features.contexts import FAMILIES, split_key
from ..features.tokens import Tokens
from .table_model import TableModel

CONTROL_CUES: Final = frozenset(
    ("block", "remove", "close", "limit", "law", "punish", "monitor", "demand", "campaign")
)
"""Kinds of cue that name a measure; the others say who, where and on what."""

_WORD_FAMILIES: Final = frozenset(("word", "before", "after"))


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one feature adds to the log-odds of a theme."""

    feature: str
    value: float


@dataclass(frozen=True, slots=True)
class ThemeExplanation:
    """Why one theme has its probability in one sentence.

    Attributes
    ----------
    theme : str
    probability, threshold : float
    ground_words : tuple of str
        The words found in the ground table; empty when the ground is not mentioned.
    control_words : tuple of str
        The words among the cues of control that raise the probability.
    contributions : tuple of Contribution
        Of every feature, largest first; with `intercept` they add up to `logit`.
    intercept, logit : float
    """

    theme: str
    probability: float
    threshold: float
    ground_words: tuple[str, ...]
    control_words: tuple[str, ...]
    contributions: tuple[Contribution, ...]
    intercept: float
    logit: float

    @property
    def labelled(self) -> bool:
        """Whether the sentence carries the theme."""
        return bool(self.ground_words) and self.probability >= self.threshold

    @property
    def summary(self) -> str:
        """One line in plain words."""
        if not self.ground_words:
            return f"{self.theme}: no mention of this ground"
        ground = ", ".join(self.ground_words)
        if self.labelled:
            control = ", ".join(self.control_words) or "the wording as a whole"
            return f"{self.theme} {self.probability:.2f}: ground: {ground}; control: {control}"
        return (
            f"{self.theme} {self.probability:.2f}: mentions {ground}, "
            f"no control of information found on this ground"
        )


def explain(model: TableModel, text: str) -> tuple[ThemeExplanation, ...]:
    """Explain the probabilities of one sentence.

    Parameters
    ----------
    model : TableModel
        An encoder has no features to name.
    text : str
        One sentence.

    Returns
    -------
    tuple of ThemeExplanation, length 4
        In the order of `THEMES`; a ground that is not mentioned has probability 0 and nothing more.
    """
    tokens, mentions, contexts = model.read(strings([text]))
    logits = model.calibrate(model.scores(contexts), contexts.theme)
    context, feature, value, origin = model.vocabulary.encode(contexts)
    names = _feature_names(model, feature)
    family = split_key(model.vocabulary.keys)[0]
    mention_theme = model.grounds.group_of_term[mentions.term]
    cues = model.cues.find(tokens)
    control_at = {
        int(start): _words(tokens, start, end)
        for term, start, end in zip(cues.term, cues.start, cues.end, strict=True)
        if model.cues.terms[term].group in CONTROL_CUES
    }
    explanations = []
    for index, theme in enumerate(THEMES):
        place = np.flatnonzero(contexts.theme == index)
        if not len(place):
            explanations.append(
                ThemeExplanation(
                    theme, 0.0, float(model.thresholds[index]), (), (), (), 0.0, float("-inf")
                )
            )
            continue
        slope, offset = model.calibration[index]
        own = context == place[0]
        amounts = slope * value[own] * model.coef[feature[own]]
        by_feature: dict[str, float] = {}
        by_token: dict[int, float] = {}
        for f, at, amount in zip(feature[own], origin[own], amounts, strict=True):
            by_feature[names[int(f)]] = by_feature.get(names[int(f)], 0.0) + float(amount)
            if FAMILIES[family[f]] in _WORD_FAMILIES or FAMILIES[family[f]].startswith("cue"):
                by_token[int(at)] = by_token.get(int(at), 0.0) + float(amount)
        ranked = sorted(by_feature.items(), key=lambda item: -abs(item[1]))
        own_mentions = mention_theme == index
        control = [
            words
            for at, words in sorted(control_at.items(), key=lambda i: -by_token.get(i[0], 0.0))
            if by_token.get(at, 0.0) > 0
        ]
        logit = float(logits[place[0]])
        explanations.append(
            ThemeExplanation(
                theme=theme,
                probability=float(1 / (1 + np.exp(-logit))),
                threshold=float(model.thresholds[index]),
                ground_words=tuple(
                    dict.fromkeys(
                        _words(tokens, s, e)
                        for s, e in zip(
                            mentions.start[own_mentions], mentions.end[own_mentions], strict=True
                        )
                    )
                ),
                control_words=tuple(dict.fromkeys(control)),
                contributions=tuple(Contribution(name, amount) for name, amount in ranked),
                intercept=float(slope * model.intercept + offset),
                logit=logit,
            )
        )
    return tuple(explanations)


def _words(tokens: Tokens, start: int, end: int) -> str:
    return " ".join(tokens.words[c] for c in tokens.codes[start:end])


def _feature_names(model: TableModel, features: np.ndarray) -> dict[int, str]:
    used = np.unique(features)
    names = model.vocabulary.names(model.grounds, model.cues, used)
    return dict(zip(used.tolist(), names, strict=True))
