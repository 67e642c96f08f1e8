"""The arena: what users would use instead, trained, tuned and scored beside censorscope.

    python benchmarks/quality.py --data real_news.jsonl [--only NAME ...]

Everything is learned from the corpus's development part; its test part and the file given are only
scored (but for the expected shares of mentions, which lean on its ordinary news, see docs/decisions.md).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import pandas as pd
from report import Arena, write
from rivals import RIVALS, Rival
from threadpoolctl import threadpool_limits
from tuning import Rule, tune

from censorscope.data.corpus import ORDINARY_NEWS_AUTHORS, development_and_test, digest
from censorscope.data.reader import read_labelled
from censorscope.data.themes import THEMES
from censorscope.evaluate.baselines import KEYWORDS_PATH, KeywordBaseline
from censorscope.evaluate.comparison import compare
from censorscope.evaluate.metrics import false_alarm_rate
from censorscope.models.storage import load, save
from censorscope.models.table_model import TableModel
from censorscope.models.theme_model import ThemeModel
from censorscope.train.run import fit
from censorscope.train.settings import TrainSettings

OURS: Final = "censorscope"
KEYWORDS: Final = "keywords"
NAMES: Final = (KEYWORDS, *RIVALS, OURS)
_SAVED: Final = f"{OURS}:"
_RULE_FILE: Final = "rule.joblib"
_ENTRY_FILE: Final = "entry.joblib"


@dataclass(frozen=True)
class Answers:
    """What a system said of a set of sentences, in the form that `evaluate.comparison.compare` asks.

    Attributes
    ----------
    proba, decisions : ndarray, shape (n, 4)
    other_decisions : ndarray, shape (n, 4), or None
        By the rule that was not chosen; None for systems without a choice.
    """

    proba: np.ndarray
    decisions: np.ndarray
    other_decisions: np.ndarray | None = None

    def predict_proba(self, texts: Any) -> np.ndarray:  # noqa: ARG002
        """Return the stored probabilities."""
        return self.proba

    def predict(self, texts: Any) -> np.ndarray:  # noqa: ARG002
        """Return the stored labels."""
        return self.decisions


@dataclass(frozen=True)
class Labeller:
    """A system ready to label: scores of texts, and what follows from scores, all of shape (n, 4)."""

    scores: Callable[[list[str]], np.ndarray]
    probabilities: Callable[[np.ndarray], np.ndarray]
    decide: Callable[[np.ndarray], np.ndarray]
    decide_otherwise: Callable[[np.ndarray], np.ndarray | None] = lambda _: None

    def predict(self, texts: list[str]) -> np.ndarray:
        """Return labels, bool of shape (n, 4)."""
        return self.decide(self.scores(texts))

    def answers(self, texts: list[str]) -> Answers:
        """Return all that is compared."""
        x = self.scores(texts)
        return Answers(self.probabilities(x), self.decide(x), self.decide_otherwise(x))


@dataclass(frozen=True)
class Entry:
    """One system, trained, saved and run over the sentences to score.

    Attributes
    ----------
    answers : dict of set name to Answers
    facts : dict
        What is reported of the training, as plain types.
    """

    answers: dict[str, Answers]
    facts: dict[str, Any]


def enter(
    name: str,
    folder: Path,
    train: pd.DataFrame,
    sets: dict[str, list[str]],
    settings: TrainSettings,
) -> Entry:
    """Train one system, save it into a folder and score every set of sentences; once a folder."""
    kept = folder / _ENTRY_FILE
    if kept.is_file():
        print(f"{name} is there", flush=True)
        answers, facts = joblib.load(kept)
        return Entry({s: Answers(*arrays) for s, arrays in answers.items()}, facts)
    folder.mkdir(exist_ok=True)
    print(f"{name} begins", flush=True)
    started = time.perf_counter()
    if name in RIVALS:
        labeller, facts = _train_rival(RIVALS[name], folder, train, settings)
    elif name == OURS:
        labeller, facts = _train_ours(folder, train, settings)
    else:
        labeller, facts = reopen(name, folder), _untrained_facts(name, train)
    entry = Entry({s: labeller.answers(texts) for s, texts in sets.items()}, facts)
    # Plain types: a worker does not know the classes of the main module by name.
    joblib.dump(({s: astuple(a) for s, a in entry.answers.items()}, entry.facts), kept)
    print(f"{name} took {time.perf_counter() - started:.0f} s", flush=True)
    return entry


def _train_rival(
    rival: Rival, folder: Path, train: pd.DataFrame, settings: TrainSettings
) -> tuple[Labeller, dict[str, Any]]:
    tuned = tune(rival, train, settings)
    tuned.system.save(folder)
    rule = tuned.rules[tuned.chosen_rule]
    joblib.dump(rule, folder / _RULE_FILE)
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
    return Labeller(tuned.system.scores, rule.probabilities, rule.decide, other.decide), facts


def _train_ours(
    folder: Path, train: pd.DataFrame, settings: TrainSettings
) -> tuple[Labeller, dict[str, Any]]:
    started = time.process_time()
    model, candidates, chosen = fit(settings, train)
    seconds = time.process_time() - started
    save(model, folder / "model")
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
    return _labeller_of(model), facts


def _untrained_facts(name: str, train: pd.DataFrame) -> dict[str, Any]:
    if name == KEYWORDS:
        size = KEYWORDS_PATH.stat().st_size / 1e6
        return {"title": "Keyword list", "megabytes": size, "gives_probabilities": False}
    model = load(_path(name))
    return {
        "title": f"{OURS}, {'table' if isinstance(model, TableModel) else 'encoder'}",
        "gives_probabilities": True,
        "megabytes": _megabytes(_path(name)),
        "learned_from_the_same": model.metadata.get("data_digest") == digest(train),
    }


def reopen(name: str, folder: Path) -> Labeller:
    """Return a saved system, as its users would open it."""
    if name in RIVALS:
        rule: Rule = joblib.load(folder / _RULE_FILE)
        return Labeller(RIVALS[name].system.load(folder).scores, rule.probabilities, rule.decide)
    if name == KEYWORDS:
        keywords = KeywordBaseline().fit(None, np.empty((0, len(THEMES))))
        return Labeller(keywords.predict, lambda D: D.astype(float), lambda D: D)
    return _labeller_of(load(folder / "model" if name == OURS else _path(name)))


def _labeller_of(model: ThemeModel) -> Labeller:
    return Labeller(model.predict_proba, lambda proba: proba, model.decide)


def _path(name: str) -> Path:
    return Path(name.removeprefix(_SAVED))


def _megabytes(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def sentences_per_second(
    predict: Callable[[list[str]], np.ndarray], texts: list[str], *, budget: float = 3.0
) -> float:
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


def run(
    names: list[str], data: Path | None, settings: TrainSettings, jobs: int, keep: Path | None
) -> Arena:
    """Train, score and time the systems named; those found in the folder `keep` are only timed."""
    train, test = development_and_test()
    frames = {"test": test}
    if data is not None:
        frames["data"] = read_labelled(data)
    sets = {s: frame["text"].tolist() for s, frame in frames.items()}
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory(prefix="arena-") as scratch:
        folders = {name: Path(scratch) / name.replace("/", "_") for name in names}
        Path(scratch).mkdir(exist_ok=True)
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
    answers = {s: {name: entry.answers[s] for name, entry in entries.items()} for s in sets}
    natural = _is_natural(test)
    Y = test[list(THEMES)].to_numpy()[natural]
    titles = [entry.facts["title"] for entry in entries.values()]
    for name, entry in entries.items():
        if titles.count(entry.facts["title"]) > 1:
            entry.facts["title"] += f" ({_path(name).name})"
    return Arena(
        facts={name: entry.facts for name, entry in entries.items()},
        comparisons={s: compare(frame, answers[s]) for s, frame in frames.items()},
        other_rule_f1={s: _other_rule(frame, answers[s]) for s, frame in frames.items()},
        natural={n: false_alarm_rate(Y, a.decisions[natural]) for n, a in answers["test"].items()},
        n_natural=int((~Y.any(axis=1)).sum()),
        n_train=len(train),
        data_name=data.name if data else None,
        ours=OURS,
    )


def _timed(name: str, folder: Path, train: pd.DataFrame, test: pd.DataFrame) -> float:
    """Time a system on the corpus in random order: distinct sentences, richer in mentions than news."""
    texts = pd.concat([train["text"], test["text"]]).sample(frac=1, random_state=0).tolist()
    with threadpool_limits(1):
        return sentences_per_second(reopen(name, folder).predict, texts)


def _other_rule(frame: pd.DataFrame, answers: dict[str, Answers]) -> dict[str, float]:
    systems = {
        name: replace(a, decisions=a.other_decisions)
        for name, a in answers.items()
        if a.other_decisions is not None
    }
    macro_f1 = compare(frame, systems).macro_f1 if systems else {}
    return {name: interval.value for name, interval in macro_f1.items()}


def _is_natural(test: pd.DataFrame) -> np.ndarray:
    missing = set(ORDINARY_NEWS_AUTHORS) - set(test["author"])
    if missing:
        raise SystemExit(f"the test part has no author {', '.join(sorted(missing))} any more")
    return test["author"].isin(ORDINARY_NEWS_AUTHORS).to_numpy()


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
    parser.add_argument("--keep", type=Path, metavar="FOLDER",
                        help="keep what is trained, and go on there after an interruption (made "
                        "for one corpus, one file and one release: empty it when they change)")  # fmt: skip
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
    resumed = arguments.keep is not None and any(arguments.keep.glob(f"*/{_ENTRY_FILE}"))
    settings = TrainSettings(jobs=1)
    arena = run(names, arguments.data, settings, arguments.jobs, arguments.keep)
    docs = arguments.docs if complete else None
    seconds = None if resumed else time.perf_counter() - started
    write(arena, seconds, docs=docs, json_path=arguments.json)


if __name__ == "__main__":
    main()
