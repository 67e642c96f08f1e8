"""The arena: what users would use instead, trained, tuned and scored beside censorscope.

    python benchmarks/quality.py --data real_news.jsonl [--only NAME ...]

Everything is learned from the corpus's development part; its test part and the file given are only
scored.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import pandas as pd
from report import Arena, write
from rivals import RIVALS
from threadpoolctl import threadpool_limits
from tuning import Rule, tune

from censorscope.data.corpus import development_and_test
from censorscope.data.reader import read_labelled
from censorscope.data.themes import THEMES
from censorscope.evaluate.baselines import KEYWORDS_PATH, KeywordBaseline
from censorscope.evaluate.comparison import Comparison, compare
from censorscope.evaluate.metrics import false_alarm_rate
from censorscope.models.storage import load, save
from censorscope.train.run import fit
from censorscope.train.settings import TrainSettings

NATURAL_AUTHORS: Final = ("t2", "t3")
"""Authors of the test part who wrote ordinary news, with labels as rare as they are there."""

OURS: Final = "censorscope"
KEYWORDS: Final = "keywords"
NAMES: Final = (KEYWORDS, *RIVALS, OURS)
_SAVED: Final = f"{OURS}:"
_RULE_FILE: Final = "rule.joblib"

Predict = Callable[[list[str]], np.ndarray]


@dataclass(frozen=True)
class Entry:
    """One system, trained, saved and run over the sentences to score.

    Attributes
    ----------
    proba, decisions : dict of set name to ndarray, shape (n, 4)
    other_decisions : dict of set name to ndarray, shape (n, 4)
        By the rule that was not chosen; empty for systems without a choice.
    facts : dict
        What is reported of the training, as plain types.
    """

    proba: dict[str, np.ndarray]
    decisions: dict[str, np.ndarray]
    other_decisions: dict[str, np.ndarray]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Replay:
    """A system whose answers are known already, for `evaluate.comparison.compare`."""

    proba: np.ndarray
    decisions: np.ndarray

    def predict_proba(self, texts: Any) -> np.ndarray:  # noqa: ARG002
        """Return the stored probabilities."""
        return self.proba

    def predict(self, texts: Any) -> np.ndarray:  # noqa: ARG002
        """Return the stored labels."""
        return self.decisions


def enter(
    name: str,
    folder: Path,
    train: pd.DataFrame,
    sets: dict[str, list[str]],
    settings: TrainSettings,
) -> Entry:
    """Train one system, save it into an existing folder and score every set of sentences."""
    print(f"{name} begins", flush=True)
    started = time.perf_counter()
    if name == KEYWORDS:
        entry = _enter_keywords(sets)
    elif name.startswith(_SAVED):
        entry = _enter_saved(Path(name.removeprefix(_SAVED)), sets)
    elif name == OURS:
        entry = _enter_ours(folder, sets, settings)
    else:
        entry = _enter_rival(name, folder, train, sets, settings)
    print(f"{name} took {time.perf_counter() - started:.0f} s", flush=True)
    return entry


def _enter_keywords(sets: dict[str, list[str]]) -> Entry:
    system = KeywordBaseline().fit(None, np.empty((0, len(THEMES))))
    decisions = {s: system.predict(texts) for s, texts in sets.items()}
    proba = {s: D.astype(float) for s, D in decisions.items()}
    facts = {
        "title": "Keyword list",
        "megabytes": KEYWORDS_PATH.stat().st_size / 1e6,
        "gives_probabilities": False,
    }
    return Entry(proba, decisions, {}, facts)


def _enter_ours(folder: Path, sets: dict[str, list[str]], settings: TrainSettings) -> Entry:
    started = time.process_time()
    model, candidates, chosen, *_ = fit(settings)
    seconds = time.process_time() - started
    save(model, folder / "model")
    proba = {s: model.predict_proba(texts) for s, texts in sets.items()}
    facts = {
        "title": OURS,
        "gives_probabilities": True,
        "train_seconds": seconds,
        "megabytes": _megabytes(folder),
        "candidates": [c.params for c in candidates],
        "candidate": chosen.params,
        "n_folds": settings.folds,
        "average_precision_out_of_fold": chosen.average_precision,
        "expected_prevalence": settings.expected_prevalence,
    }
    return Entry(proba, {s: model.decide(p) for s, p in proba.items()}, {}, facts)


def _enter_saved(path: Path, sets: dict[str, list[str]]) -> Entry:
    model = load(path)
    proba = {s: model.predict_proba(texts) for s, texts in sets.items()}
    facts = {
        "title": f"{OURS}, {path.name}",
        "gives_probabilities": True,
        "megabytes": _megabytes(path),
    }
    return Entry(proba, {s: model.decide(p) for s, p in proba.items()}, {}, facts)


def _enter_rival(
    name: str,
    folder: Path,
    train: pd.DataFrame,
    sets: dict[str, list[str]],
    settings: TrainSettings,
) -> Entry:
    rival = RIVALS[name]
    tuned = tune(rival, train, settings)
    tuned.system.save(folder)
    rule = tuned.rules[tuned.chosen_rule]
    joblib.dump(rule, folder / _RULE_FILE)
    scores = {s: tuned.system.scores(texts) for s, texts in sets.items()}
    (other,) = (r for n, r in tuned.rules.items() if n != tuned.chosen_rule)
    facts = {
        "title": rival.title,
        "gives_probabilities": True,
        "train_seconds": tuned.seconds,
        "megabytes": _megabytes(folder),
        "candidates": list(rival.candidates),
        "candidate": tuned.candidate,
        "n_folds": tuned.n_folds,
        "average_precision_out_of_fold": tuned.average_precision,
        "rule": tuned.chosen_rule,
    }
    return Entry(
        proba={s: rule.probabilities(x) for s, x in scores.items()},
        decisions={s: rule.decide(x) for s, x in scores.items()},
        other_decisions={s: other.decide(x) for s, x in scores.items()},
        facts=facts,
    )


def _megabytes(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def reopen(name: str, folder: Path) -> Predict:
    """Return the labelling function of a saved system, as its users would call it."""
    if name == KEYWORDS:
        return KeywordBaseline().fit(None, np.empty((0, len(THEMES)))).predict
    if name == OURS:
        return load(folder / "model").predict
    if name.startswith(_SAVED):
        return load(Path(name.removeprefix(_SAVED))).predict
    system = RIVALS[name].system.load(folder)
    rule: Rule = joblib.load(folder / _RULE_FILE)
    return lambda texts: rule.decide(system.scores(texts))


def sentences_per_second(predict: Predict, texts: list[str], *, budget: float = 3.0) -> float:
    """Return the best of three runs over as many of the texts as fit the budget of seconds.

    Processor time is counted, so that others on the machine, or a second core, change little.
    """
    predict(texts[:64])
    started = time.process_time()
    predict(texts[:256])
    rate = 256 / max(time.process_time() - started, 1e-3)
    sample = texts[: max(256, int(rate * budget))]
    rates = []
    for _ in range(3):
        started = time.process_time()
        predict(sample)
        rates.append(len(sample) / (time.process_time() - started))
    return max(rates)


def run(names: list[str], data: Path | None, settings: TrainSettings, jobs: int) -> Arena:
    """Train, score and time the systems named."""
    train, test = development_and_test()
    frames = {"test": test}
    if data is not None:
        frames["data"] = read_labelled(data)
    sets = {s: frame["text"].tolist() for s, frame in frames.items()}
    with tempfile.TemporaryDirectory(prefix="arena-") as scratch:
        folders = {name: Path(scratch) / str(i) for i, name in enumerate(names)}
        for folder in folders.values():
            folder.mkdir()
        # The slowest first; `RIVALS` is in that order.
        order = sorted(names, key=lambda n: list(RIVALS).index(n) if n in RIVALS else len(RIVALS))
        with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
            found = joblib.Parallel()(
                joblib.delayed(enter)(name, folders[name], train, sets, settings) for name in order
            )
        entries = dict(zip(order, found, strict=True))
        for name in order:
            entries[name].facts["sentences_per_second"] = _timed(name, folders[name], train, test)
    entries = {name: entries[name] for name in names}
    return Arena(
        facts={name: entry.facts for name, entry in entries.items()},
        comparisons={s: _compare(frame, s, entries) for s, frame in frames.items()},
        other_rule_f1={s: _other_rule(frame, s, entries) for s, frame in frames.items()},
        natural=_natural_false_alarms(test, entries),
        n_natural=int((~test.loc[_is_natural(test), list(THEMES)].any(axis=1)).sum()),
        n_train=len(train),
        data_name=data.name if data else None,
        ours=OURS,
    )


def _timed(name: str, folder: Path, train: pd.DataFrame, test: pd.DataFrame) -> float:
    """Time a system on the corpus in random order: distinct sentences, richer in mentions than news."""
    texts = pd.concat([train["text"], test["text"]]).sample(frac=1, random_state=0).tolist()
    with threadpool_limits(1):
        return sentences_per_second(reopen(name, folder), texts)


def _compare(frame: pd.DataFrame, part: str, entries: dict[str, Entry]) -> Comparison:
    systems = {n: Replay(e.proba[part], e.decisions[part]) for n, e in entries.items()}
    return compare(frame, systems)


def _other_rule(frame: pd.DataFrame, part: str, entries: dict[str, Entry]) -> dict[str, float]:
    systems = {
        n: Replay(e.proba[part], e.other_decisions[part])
        for n, e in entries.items()
        if e.other_decisions
    }
    if not systems:
        return {}
    return {n: interval.value for n, interval in compare(frame, systems).macro_f1.items()}


def _is_natural(test: pd.DataFrame) -> np.ndarray:
    missing = set(NATURAL_AUTHORS) - set(test["author"])
    if missing:
        raise SystemExit(f"the test part has no author {', '.join(sorted(missing))} any more")
    return test["author"].isin(NATURAL_AUTHORS).to_numpy()


def _natural_false_alarms(test: pd.DataFrame, entries: dict[str, Entry]) -> dict[str, float]:
    natural = _is_natural(test)
    Y = test[list(THEMES)].to_numpy()[natural]
    return {
        name: false_alarm_rate(Y, entry.decisions["test"][natural])
        for name, entry in entries.items()
    }


def main() -> None:
    """Run the arena and write what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="labelled file, for scoring only")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME",
                        help=f"some of {', '.join(NAMES)}; the documents stay as they are")  # fmt: skip
    parser.add_argument("--model", type=Path, action="append", default=[], metavar="FOLDER",
                        help="a saved model of censorscope as a further row")  # fmt: skip
    parser.add_argument("--json", type=Path, help="also write every figure here")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder of arena.md, .png")
    parser.add_argument("--jobs", type=int, default=2, help="systems trained at a time")
    arguments = parser.parse_args()
    os.environ |= {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    names = [name for name in NAMES if name in arguments.only]
    complete = names == list(NAMES)
    names += [f"{_SAVED}{path.resolve()}" for path in arguments.model]
    started = time.perf_counter()
    arena = run(names, arguments.data, TrainSettings(jobs=1), arguments.jobs)
    docs = arguments.docs if complete else None
    write(arena, time.perf_counter() - started, docs=docs, json_path=arguments.json)


if __name__ == "__main__":
    main()
