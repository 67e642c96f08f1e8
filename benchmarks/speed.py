"""How fast sentences get their labels, beside fastText, scikit-learn and the least that any reader does.

    python benchmarks/speed.py --data real_news.jsonl

Ratios are of one run on one core, after a warm-up, the median of five rounds in which every system
labels the same text once. With ``--write`` the tables go into ``benchmarks/README.md``. fastText takes part
when it is installed (``pip install fasttext-numpy2``).
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from machine import described
from readme import replace_section
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from systems import FastText

import censorscope
from censorscope.data.corpus import ORDINARY_NEWS_AUTHORS, development_and_test, load_corpus
from censorscope.data.reader import read_labelled
from censorscope.data.themes import THEMES
from censorscope.features.normalise import american
from censorscope.features.tokens import stem
from censorscope.features.vectorizers import make_sentence_vectorizer
from censorscope.models.labelling import Tally, label_texts

SENTENCES = 200_000
FEWER = 4_000
"""Sentences that the scikit-learn pipeline gets; its time is scaled up."""
ROUNDS = 5

System = Callable[[], object]


def repeated(texts: list[str], count: int) -> list[str]:
    """Return the texts over and over, `count` in all."""
    return (texts * (count // len(texts) + 1))[:count]


def samples(data: Path | None) -> dict[str, list[str]]:
    """Return the kinds of text, each a list of distinct sentences."""
    _, test = development_and_test()
    model = censorscope.load()
    mentioned = model.predict_proba(test["text"]).max(axis=1) > 0
    kinds = {
        "ordinary news": test.loc[test["author"].isin(ORDINARY_NEWS_AUTHORS), "text"].tolist(),
        "every sentence mentions a ground": test.loc[mentioned, "text"].tolist(),
    }
    if data:
        kinds[data.name] = read_labelled(data)["text"].tolist()
    return kinds


def fitted_pipeline(train: pd.DataFrame) -> Any:
    """Return the plain scikit-learn pipeline: words 1-2 and characters 3-5, logistic regression."""
    pipeline = make_pipeline(
        make_sentence_vectorizer(), OneVsRestClassifier(LogisticRegression(solver="liblinear"))
    )
    part = train.sample(6000, random_state=0)
    return pipeline.fit(part["text"], part[list(THEMES)].to_numpy())


FASTTEXT: dict[str, dict[str, int]] = {
    "fastText `predict`, words": {},
    "fastText `predict`, pairs and sub-words": {"wordNgrams": 2, "minn": 4, "maxn": 6},
}
"""The fastest fastText, and the kind that labels best (see the arena)."""


def fitted_fasttexts(train: pd.DataFrame) -> dict[str, Any]:
    """Return fastText models by name; none where it is not installed."""
    if find_spec("fasttext") is None:
        return {}
    texts, Y = train["text"].tolist(), train[list(THEMES)].to_numpy()
    return {n: FastText(dim=50, lr=0.1, **p).fit(texts, Y).model_ for n, p in FASTTEXT.items()}


def timed(systems: dict[str, System]) -> dict[str, list[float]]:
    """Return the processor seconds of every system in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for number in range(ROUNDS + 1):
        for name, run in systems.items():
            start = time.process_time()
            run()
            # The first round warms up.
            if number:
                seconds[name].append(time.process_time() - start)
    return seconds


def articles_of(texts: list[str]) -> list[str]:
    """Return articles of 24 sentences, three to a paragraph."""
    paragraphs = [" ".join(texts[i : i + 3]) for i in range(0, len(texts), 3)]
    return ["\n\n".join(paragraphs[i : i + 8]) for i in range(0, len(paragraphs), 8)]


def one_core(texts: list[str], pipeline: Any, fasttexts: dict[str, Any]) -> pd.DataFrame:
    """Compare the systems on one kind of text."""
    model = censorscope.load()
    many = repeated(texts, SENTENCES)
    lines = FastText.lines(many)
    column = pa.array(many, pa.string())
    articles = articles_of(many)
    in_articles = Tally()
    label_texts(model, articles, in_articles)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.parquet")
        pq.write_table(pa.table({"text": column}), path)
        systems: dict[str, System] = {
            "censorscope, Arrow column": lambda: model.predict(column),
            "censorscope, list of str": lambda: model.predict(many),
            "censorscope, articles to labelled table": lambda: label_texts(
                model, articles, Tally()
            ),
            "floor: read the column, split on spaces": lambda: pc.split_pattern(
                pq.read_table(path, use_threads=False)["text"], " "
            ),
            "scikit-learn, words and characters": lambda: pipeline.predict(many[:FEWER]),
        }
        for name, other in fasttexts.items():
            systems[name] = partial(other.predict, lines)
        seconds = timed(systems)
    counts = dict.fromkeys(systems, SENTENCES)
    counts["censorscope, articles to labelled table"] = in_articles.sentences
    counts["scikit-learn, words and characters"] = FEWER
    each = {n: np.array(s) / counts[n] for n, s in seconds.items()}
    n_bytes = sum(len(text.encode()) for text in many) / len(many)

    def slower(name: str, base: str) -> str:
        return f"{np.median(each[name] / each[base]):.2f}" if name in each else "-"

    rows = [
        {
            "": name,
            "sentences/s": f"{round(1 / np.median(own), -3):,.0f}",
            "ns a sentence": f"{np.median(own) * 1e9:,.0f}",
            "ns a byte": f"{np.median(own) * 1e9 / n_bytes:.1f}",
            "times fastText, words": slower("fastText `predict`, words", name),
            "times fastText, pairs and sub-words": slower(
                "fastText `predict`, pairs and sub-words", name
            ),
            "times scikit-learn": slower("scikit-learn, words and characters", name),
            "times the floor's cost": slower(name, "floor: read the column, split on spaces"),
        }
        for name, own in each.items()
    ]
    return pd.DataFrame(rows)


def linearity(texts: list[str]) -> str:
    """Say how much longer ten times the text takes."""
    model = censorscope.load()
    less, more = (pa.array(repeated(texts, n), pa.string()) for n in (SENTENCES // 10, SENTENCES))
    seconds = timed({"less": lambda: model.predict(less), "more": lambda: model.predict(more)})
    ratios = np.array(seconds["more"]) / np.array(seconds["less"])
    return (
        f"{SENTENCES:,} sentences take {np.median(ratios):.1f} times as long as {SENTENCES // 10:,}"
    )


def unmet_words() -> str:
    """Say how fast a model is with words that it has never met, each sentence of the corpus once."""
    column = pa.array(load_corpus()["text"].tolist(), pa.string())
    met = censorscope.load()
    seconds: dict[str, list[float]] = {"met": [], "unmet": []}
    for _ in range(ROUNDS):
        stem.cache_clear()
        american.cache_clear()
        for name, model in (("unmet", censorscope.load()), ("met", met)):
            start = time.process_time()
            model.predict(column)
            seconds[name].append(time.process_time() - start)
    unmet, known = (len(column) / statistics.median(seconds[name]) for name in ("unmet", "met"))
    return (
        f"The {len(column):,} sentences of the corpus, each once: {unmet:,.0f} sentences/s by a model "
        f"that has met none of their words, {known:,.0f} by one that has"
    )


_own: dict[str, Any] = {}


def _prepare(texts: list[str]) -> None:
    _own["model"], _own["column"] = censorscope.load(), pa.array(texts, pa.string())
    _own["model"].predict(_own["column"])


def _predict(_: int) -> int:
    return len(_own["model"].predict(_own["column"]))


def two_cores(texts: list[str], cores: list[int]) -> str:
    """Say how much two processes and two threads get done, against one."""
    many = repeated(texts, SENTENCES)
    rates: dict[str, list[float]] = {}
    forked = multiprocessing.get_context("fork")
    pools = {
        "one process": (partial(ProcessPoolExecutor, mp_context=forked), 1),
        "two processes": (partial(ProcessPoolExecutor, mp_context=forked), 2),
        "two threads": (ThreadPoolExecutor, 2),
    }
    os.sched_setaffinity(0, cores)
    for name, (pool, workers) in pools.items():
        with pool(workers, initializer=_prepare, initargs=(many,)) as executor:
            # Every worker prepares before anything is timed.
            list(executor.map(_predict, range(2 * workers)))
            for _ in range(ROUNDS):
                start = time.perf_counter()
                labelled = sum(executor.map(_predict, range(2 * workers)))
                rates.setdefault(name, []).append(labelled / (time.perf_counter() - start))
    base = statistics.median(rates["one process"])
    return "; ".join(
        f"{name}: {statistics.median(r):,.0f} sentences/s ({statistics.median(r) / base:.2f})"
        for name, r in rates.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a labelled file of other sentences")
    parser.add_argument("--write", action="store_true", help="into benchmarks/README.md")
    parser.add_argument("--json", type=Path, help="write the tables as JSON, too")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    pa.set_cpu_count(1)
    train, _ = development_and_test()
    pipeline, fasttexts = fitted_pipeline(train), fitted_fasttexts(train)
    sections, tables = [f"Measured on {described()}; one core unless said."], {}
    kinds = samples(arguments.data)
    for name, texts in kinds.items():
        table = one_core(texts, pipeline, fasttexts)
        tables[name] = table.to_dict("records")
        sections += [
            f"### {name.capitalize()} ({len(texts):,} distinct sentences)",
            table.to_markdown(index=False, disable_numparse=True),
        ]
        print(*sections[-2:], sep="\n\n", flush=True)
    sections += [
        "### Growth and cores",
        "\n\n".join(
            f"{said}."
            for said in (
                linearity(kinds["ordinary news"]),
                unmet_words(),
                two_cores(kinds["ordinary news"], cores),
            )
        ),
    ]
    print(sections[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")
    if arguments.write:
        replace_section("speed", "\n\n".join(sections))


if __name__ == "__main__":
    main()
