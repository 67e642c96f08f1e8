"""The model card: what a user has to know before trusting the labels."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..data.themes import THEMES
from ..models.table_model import TableModel
from ..models.theme_model import ThemeModel
from .checks import Checks, describe_worst
from .comparison import Comparison


def _scorer(model: ThemeModel) -> str:
    if isinstance(model, TableModel):
        return (
            f"one logistic regression over {len(model.vocabulary):,} features of the words around a "
            "mention"
        )
    return "a sentence encoder that reads the theme and the sentence"


def model_card(
    model: ThemeModel,
    comparison: Comparison,
    checks: Checks,
    reading: pd.DataFrame,
    facts: Mapping[str, Any],
) -> str:
    """Write the card as Markdown.

    Parameters
    ----------
    model : ThemeModel
    comparison : Comparison
        On the held-back articles, with ``censorscope`` among the systems.
    checks : Checks
        On the same articles.
    reading : pandas.DataFrame
        As from `abstention.abstention`, on the same articles.
    facts : mapping
        As from `train.run.describe`.
    """
    metrics = comparison.metrics["censorscope"]
    rows = "\n".join(
        f"| {theme} | {m['precision']:.3f} | {m['recall']:.3f} | {m['f1']:.3f} "
        f"| {m['average_precision']:.3f} | {m['brier']:.4f} | {m['calibration_error']:.4f} "
        f"| {model.thresholds[THEMES.index(theme)]:.3f} | {int(m['support'])} |"
        for theme, m in metrics.loc[list(THEMES)].iterrows()
    )
    rivals = "\n".join(
        f"| {name} | {interval} | {comparison.false_alarms[name]:.2%} |"
        for name, interval in comparison.macro_f1.items()
    )
    capabilities = checks.passed[checks.passed["part"] == "capability"]
    cases = "\n".join(
        f"| {name} | {passed:.0%} | {n} |"
        for name, passed, n in capabilities[["name", "passed", "cases"]].itertuples(index=False)
    )
    changes = "\n".join(
        f"| {name} | {flipped:.1%} | {n} |"
        for name, flipped, n in checks.flips.itertuples(index=False)
    )
    left_to_read = "\n".join(
        f"| {wanted:.0%} | {row['precision']:.1%} | {int(row['labels']):,} "
        f"| {int(row['to_read']):,} ({row['share_to_read']:.0%}) | {row['recall']:.1%} |"
        for wanted, row in reading.iterrows()
    )
    return f"""# Model card: censorscope

Labels English news sentences with the ground on which they report the control of information:
{", ".join(THEMES)}.

**For** observing censorship in published news: finding, counting and comparing reports in
archives, with a person reading what matters. **Not for** filtering, scoring or blocking messages or
their senders, nor for deciding whether a statement is true or a text is lawful.

## How it decides

A table of {len(model.grounds.terms):,} terms finds mentions of each ground; {_scorer(model)}
decides whether information is controlled on that ground. A sentence that mentions no ground has
probability 0.

## Training

{facts["train_sentences"]:,} sentences in {facts["train_articles"]:,} articles ({", ".join(facts["data"])}),
data digest `{facts["data_digest"][:12]}`, code digest `{facts["code_digest"][:12]}`. Calibration and
thresholds come from {facts["calibration"]}.

## Held-back articles

{comparison.n_sentences:,} sentences in {comparison.n_articles:,} articles. Precision, recall and F1 at the
thresholds in force.

| theme | precision | recall | F1 | average precision | Brier | calibration error | threshold | sentences |
|---|---|---|---|---|---|---|---|---|
{rows}

| system | macro-F1, 95% interval | false alarms |
|---|---|---|
{rivals}

By part of the data: {describe_worst(checks.slices)}.

With `--precision`, what is not sure enough is left to a person:

| wanted precision | precision | labels given | left to read | recall if read rightly |
|---|---|---|---|---|
{left_to_read}

## Behaviour

Plain cases written from the codebook, passed when every label is right; and the share of them whose
labels a change of their writing alters.

| capability | passed | cases |
|---|---|---|
{cases}

| change | labels altered | cases |
|---|---|---|
{changes}

Names: {checks.describe_exchange()}.

## Limits

Real news is harder than these articles: expect lower figures, above all lower precision for fraud and
terrorism, whose mentions mostly report acts. English only. Each sentence is judged by its own
words; what only the neighbouring sentences say is not seen.
"""
