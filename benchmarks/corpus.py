"""What the corpus holds and what more of it brings: tables and figures for the data sheet.

    python benchmarks/corpus.py --data real_news.jsonl

Writes ``docs/corpus.md`` (composition, agreement, duplicates, learning curve), ``docs/composition.png``,
``docs/learning_curve.png`` and the table in the data sheet. The labelled file is only scored, never
learned from.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from machine import described
from matplotlib.figure import Figure

from censorscope.data.annotations import (
    agreement,
    composition,
    composition_table,
    read_annotations,
)
from censorscope.data.corpus import (
    CORPUS_DIR,
    ORDINARY_NEWS_AUTHORS,
    development_and_test,
    load_corpus,
    load_splits,
)
from censorscope.data.reader import read_labelled
from censorscope.data.repetition import distinct_ngrams, distinct_openings, near_duplicates
from censorscope.data.themes import N_THEMES, THEMES
from censorscope.evaluate.plots import COLOURS
from censorscope.features.terms import TermTable
from censorscope.features.vectorizers import GROUNDS_PATH
from censorscope.models.encoder_model import mentioned
from censorscope.models.theme_model import text_column
from censorscope.train.learning_curve import learning_curve
from censorscope.train.settings import TrainSettings

DOCS = Path(__file__).parents[1] / "docs"
DATASHEET = CORPUS_DIR / "DATASHEET.md"
BEGIN, END = "<!-- made by make corpus-figures -->", "<!-- end -->"
SEEDS = range(5)
PARAMS = {"features": "all", "C": 3.0, "min_df": 2}


def measured_curve(data: Path | None) -> pd.DataFrame:
    """Return mean and spread of macro-F1 over seeds, a row a share of the corpus."""
    train, test = development_and_test()
    others = {"corpus test part": test}
    if data:
        others[data.stem] = read_labelled(data)
    frame = learning_curve(TrainSettings(), PARAMS, train, others, seeds=SEEDS)
    grouped = frame.drop(columns="seed").groupby("share")
    mean = grouped.mean()
    spread = grouped[list(others)].std().add_suffix(" sd")
    return pd.concat([mean, spread], axis=1).round(4)


def draw_learning_curve(curve: pd.DataFrame) -> Figure:
    """Draw macro-F1 against training sentences, with one standard deviation over seeds."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axis = figure.subplots()
    names = [c for c in curve if f"{c} sd" in curve]
    for name, colour in zip(names, COLOURS, strict=False):
        axis.errorbar(
            curve["sentences"], curve[name], curve[f"{name} sd"],
            fmt="o-", color=colour, capsize=3, label=name,
        )  # fmt: skip
    axis.set(xscale="log", xlabel="training sentences", ylabel="macro-F1")
    axis.set_xticks(curve["sentences"], [f"{n:,.0f}" for n in curve["sentences"]], minor=False)
    axis.minorticks_off()
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="lower right")
    axis.set_title("What more of the corpus brings (five seeds, one standard deviation)")
    return figure


def draw_composition(counts: pd.Series, frame: pd.DataFrame) -> Figure:
    """Draw labelled sentences and near misses a theme, and sentences by decade and region file."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    place = np.arange(len(THEMES))
    left.bar(place - 0.2, [counts[t] for t in THEMES], 0.4, color=COLOURS[0], label="carry it")
    left.bar(
        place + 0.2, [counts[f"{t} mentioned, no theme"] for t in THEMES], 0.4,
        color=COLOURS[1], label="mention the ground, carry no theme",
    )  # fmt: skip
    left.set_xticks(place, THEMES)
    left.set(ylabel="sentences", title="Themes and near misses")
    left.set_ylim(0, 1.2 * max(counts[f"{t} mentioned, no theme"] for t in THEMES))
    left.legend(frameon=False, loc="upper left", ncols=2)
    years = frame["year"].dropna().astype(int).value_counts().sort_index()
    right.bar(years.index, years, color=COLOURS[2])
    right.set(xlabel="year the article is set in", ylabel="sentences", title="Years")
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def part_counts(part: pd.DataFrame) -> pd.Series:
    """Return articles, sentences, labelled sentences and those of each theme."""
    labels = part[list(THEMES)]
    first = {
        "articles": part["article"].nunique(),
        "sentences": len(part),
        "labelled": int(labels.any(axis=1).sum()),
    }
    return pd.Series(first | labels.sum().to_dict())


def mention_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many mentions of each ground there are, and how many come with its control."""
    row, theme = mentioned(text_column(frame["text"]), TermTable.read(GROUNDS_PATH))
    controlled = frame[list(THEMES)].to_numpy()[row, theme]
    counts = pd.DataFrame(
        {
            "mentions": np.bincount(theme, minlength=N_THEMES),
            "about control": np.bincount(theme[controlled], minlength=N_THEMES),
        },
        index=list(THEMES),
    )
    return counts.assign(share=(counts["about control"] / counts["mentions"]).round(3))


def main() -> None:
    """Write the tables and figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a labelled file to score the curve on as well")
    arguments = parser.parse_args()
    frame, annotations = load_corpus(), read_annotations()
    development, test = development_and_test()
    counts = composition(frame, annotations)
    table = composition_table(counts)
    curve = measured_curve(arguments.data)
    texts = frame["text"].tolist()
    pairs = near_duplicates(texts)
    sections = [
        "# The corpus in figures",
        f"Written by `make corpus-figures` on {described()}.",
        "## Composition",
        table,
        "## Parts",
        pd.DataFrame(
            {name: part_counts(part) for name, part in load_splits().items()}
        ).to_markdown(),
        "## Mentions of a ground in ordinary news (of the test part)",
        mention_shares(test[test["author"].isin(ORDINARY_NEWS_AUTHORS)]).to_markdown(),
        "## Mentions of a ground in the development part",
        mention_shares(development).to_markdown(),
        "## Agreement of the two readings (Cohen's kappa)",
        agreement(annotations).round(3).to_markdown(),
        "## Repetition",
        (
            f"Pairs of nearly equal sentences (TF-IDF cosine or character 5-gram Jaccard above 0.6): "
            f"{len(pairs)}. Distinct openings (first three words): {distinct_openings(texts):.3f}. "
            f"Distinct 4-grams: {distinct_ngrams(texts):.3f}. Mean length "
            f"{frame['text'].str.split().str.len().mean():.1f} words."
        ),
        "## Learning curve",
        curve.to_markdown(),
        "![learning curve](learning_curve.png)",
        "![composition](composition.png)",
    ]
    DOCS.mkdir(exist_ok=True)
    before, _, rest = DATASHEET.read_text(encoding="utf-8").partition(BEGIN)
    DATASHEET.write_text(
        f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8"
    )
    (DOCS / "corpus.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    draw_learning_curve(curve).savefig(DOCS / "learning_curve.png", dpi=110)
    draw_composition(counts, frame).savefig(DOCS / "composition.png", dpi=110)
    print((DOCS / "corpus.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
