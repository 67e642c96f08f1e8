"""The arena's tables, figure and JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from machine import described
from matplotlib.figure import Figure

from censorscope.data.themes import THEMES
from censorscope.evaluate.comparison import Comparison

_NONE: Final = "-"


@dataclass(frozen=True)
class Arena:
    """What a run found.

    Attributes
    ----------
    facts : dict of system to dict
        Title, training, size and speed.
    comparisons : dict of set name to Comparison
        Sets ``test`` and, if a file was given, ``data``.
    other_rule_f1 : dict of set name to dict of system to float
        Macro-F1 by the weighting that was not chosen out of fold.
    natural : dict of system to float
        False alarms on the ordinary news of the test part.
    n_natural, n_train : int
        Unlabelled sentences of ordinary news; sentences learned from.
    data_name : str or None
    ours : str
        Name of the system that the others are rivals of; other models of censorscope have names that
        begin with it.
    """

    facts: dict[str, dict[str, Any]]
    comparisons: dict[str, Comparison]
    other_rule_f1: dict[str, dict[str, float]]
    natural: dict[str, float]
    n_natural: int
    n_train: int
    data_name: str | None
    ours: str

    @property
    def primary(self) -> str:
        """The set that decides: the file given, else the test part."""
        return "data" if "data" in self.comparisons else "test"

    def set_title(self, part: str) -> str:
        """Return how a set of sentences is called in the report."""
        return self.data_name or "data" if part == "data" else "corpus test"

    def best_rival(self, part: str) -> str | None:
        """Return the rival of highest macro-F1 on a set, chosen in hindsight."""
        scores = self.comparisons[part].macro_f1
        rivals = [name for name in scores if not name.startswith(self.ours)]
        return max(rivals, key=lambda n: scores[n].value, default=None)


def write(
    arena: Arena, seconds: float | None, *, docs: Path | None, json_path: Path | None
) -> None:
    """Print the report; write documents and JSON where asked.

    Without seconds the run went on where another had stopped.
    """
    header = {
        "measured": described(),
        "seconds": None if seconds is None else round(seconds),
    }
    text = markdown(arena, header)
    print(text)
    if docs is not None:
        _replace(docs / "arena.md", text.encode())
        scratch = docs / ".arena.png"
        figure(arena).savefig(scratch, format="png", dpi=150)
        scratch.replace(docs / "arena.png")
    if json_path is not None:
        _replace(json_path, (json.dumps(as_dict(arena, header), indent=1) + "\n").encode())


def _replace(path: Path, content: bytes) -> None:
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_bytes(content)
    scratch.replace(path)


def as_dict(arena: Arena, header: dict[str, Any]) -> dict[str, Any]:
    """Return every figure as plain types."""
    return {
        **header,
        "data": arena.data_name,
        "train_sentences": arena.n_train,
        "natural_unlabelled_sentences": arena.n_natural,
        "systems": {
            name: {
                **facts,
                "natural_false_alarm_rate": arena.natural[name],
                "macro_f1_by_other_rule": {
                    part: values[name]
                    for part, values in arena.other_rule_f1.items()
                    if name in values
                },
            }
            for name, facts in arena.facts.items()
        },
        "best_rival": {part: arena.best_rival(part) for part in arena.comparisons},
        "sets": {part: comparison.to_dict() for part, comparison in arena.comparisons.items()},
    }


def markdown(arena: Arena, header: dict[str, Any]) -> str:
    """Return the report."""
    sets = sorted(arena.comparisons)  # the file given before the test part
    sizes = "; ".join(
        f"{arena.set_title(s)}: {c.n_sentences:,} sentences, {c.n_articles:,} articles"
        for s, c in ((s, arena.comparisons[s]) for s in sets)
    )
    took = "in more than one run"
    if header["seconds"] is not None:
        took = f"`make arena` took {header['seconds'] / 60:.0f} minutes"
    lines = [
        "# Arena",
        "",
        f"{header['measured']}; {took}.",
        f"Learned from: the corpus's development part, {arena.n_train:,} sentences. Scored on: {sizes}.",
        "",
        "Every trained system is tuned on the same folds by author, its candidate chosen by mean average",
        "precision out of fold, its probabilities (Platt) and thresholds (by `models/thresholds.py`, as the",
        "model's own) from out-of-fold scores alone. Intervals: 95%, bootstrap over articles, paired for",
        "differences. False alarms: share of unlabelled sentences that were given a label; ordinary news:",
        f"{arena.n_natural:,} unlabelled sentences of the test part written at the natural rate. Calibration",
        "error: the worst theme's. Training: processor seconds on one core for all candidates, folds and the",
        "last fit. Speed: `predict` on a list of strings, one core, sentences of the corpus.",
        "",
        *_table(*_summary(arena, sets)),
        "",
        *_differences(arena, sets),
        *_saved(arena),
    ]
    for part in sets:
        lines += ["", f"## By theme: {arena.set_title(part)}", ""]
        lines += [f"Precision / recall / **F1**. {_support(arena.comparisons[part])}", ""]
        lines += _table(*_themes(arena, part))
    lines += [
        "",
        "## How each was tuned",
        "",
        "A rival gives a probability to every sentence, censorscope only to mentions of a ground. So the",
        "weighting of unlabelled sentences under which a rival is calibrated is chosen for it, out of fold,",
        "from two (`benchmarks/tuning.py`): as in the corpus, or as censorscope, where those that mention",
        "the ground are weighed up. The last columns say what the other would have given.",
        "spaCy and fastText are tuned on fewer folds for their slowness; spaCy's candidates differ in",
        "epochs alone.",
        "",
        *_table(*_tuning(arena, sets)),
    ]
    lines += ["", f"![Macro-F1 on {arena.set_title(arena.primary)} against speed](arena.png)"]
    return "\n".join(lines) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    rule = "|".join(["---", *["---:"] * (len(head) - 1)])
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(r)} |" for r in rows)]


def _summary(arena: Arena, sets: list[str]) -> tuple[list[str], list[list[str]]]:
    titles = [arena.set_title(s) for s in sets]
    head = [
        "",
        *(f"macro-F1, {t}" for t in titles),
        *(f"average precision, {t}" for t in titles),
        *(f"false alarms, {t}" for t in titles),
        "false alarms, ordinary news",
        *(f"calibration error, {t}" for t in titles),
        "training, s",
        "size, MB",
        "sentences/s",
    ]
    rows = []
    for name, facts in arena.facts.items():
        compared = [arena.comparisons[s] for s in sets]
        graded = facts["gives_probabilities"]
        rows.append(
            [
                f"**{facts['title']}**" if name == arena.ours else facts["title"],
                *(str(c.macro_f1[name]) for c in compared),
                *(
                    f"{c.metrics[name].loc['macro', 'average_precision']:.3f}" if graded else _NONE
                    for c in compared
                ),
                *(f"{c.false_alarms[name]:.2%}" for c in compared),
                f"{arena.natural[name]:.2%}",
                *(
                    f"{c.metrics[name].loc[list(THEMES), 'calibration_error'].max():.3f}"
                    if graded
                    else _NONE
                    for c in compared
                ),
                f"{facts['train_seconds']:,.0f}" if "train_seconds" in facts else _NONE,
                f"{facts['megabytes']:,.2f}" if facts["megabytes"] >= 0.01 else "< 0.01",
                f"{_two_digits(facts['sentences_per_second']):,}",
            ]
        )
    return head, rows


def _two_digits(value: float) -> int:
    """Round a speed to what repeats from run to run."""
    return int(float(f"{value:.2g}"))


def _differences(arena: Arena, sets: list[str]) -> list[str]:
    lines = []
    for part in sets:
        best = arena.best_rival(part)
        for own in (name for name in arena.facts if best and name.startswith(arena.ours)):
            difference = arena.comparisons[part].differences[own, best]
            lines.append(
                f"- {arena.facts[own]['title']} minus the best rival in hindsight on "
                f"{arena.set_title(part)} ({arena.facts[best]['title']}): macro-F1 {difference}."
            )
    return lines


def _saved(arena: Arena) -> list[str]:
    """Say of models that were not trained here what the tables cannot."""
    return [
        f"- {facts['title']} was trained before, by `censorscope train`, on "
        f"{'the same' if facts['learned_from_the_same'] else 'other'} sentences; "
        "its training is not timed here."
        for facts in arena.facts.values()
        if "learned_from_the_same" in facts
    ]


def _support(comparison: Comparison) -> str:
    support = next(iter(comparison.metrics.values()))["support"]
    return "Sentences with the theme: " + ", ".join(f"{t} {support[t]}" for t in THEMES) + "."


def _themes(arena: Arena, part: str) -> tuple[list[str], list[list[str]]]:
    comparison = arena.comparisons[part]
    rows = []
    for name, facts in arena.facts.items():
        figures = comparison.metrics[name].loc[list(THEMES), ["precision", "recall", "f1"]]
        cells = [f"{p:.2f} / {r:.2f} / **{f:.2f}**" for p, r, f in figures.to_numpy()]
        difference = _NONE
        if name != arena.ours and arena.ours in arena.facts:
            difference = str(comparison.differences[arena.ours, name])
        rows.append([facts["title"], *cells, difference])
    return ["", *THEMES, "censorscope minus it, macro-F1"], rows


def _tuning(arena: Arena, sets: list[str]) -> tuple[list[str], list[list[str]]]:
    head = [
        "",
        "candidates",
        "chosen",
        "folds",
        "average precision out of fold",
        "weighting",
        *(f"other weighting, macro-F1, {arena.set_title(s)}" for s in sets),
    ]
    rows = []
    for name, facts in arena.facts.items():
        if "candidate" not in facts:
            continue
        others = [arena.other_rule_f1[s].get(name) for s in sets]
        rows.append(
            [
                facts["title"],
                str(len(facts["candidates"])),
                ", ".join(f"{k}={v}" for k, v in facts["candidate"].items()),
                str(facts["n_folds"]),
                f"{facts['average_precision_out_of_fold']:.3f}",
                facts.get("rule", "the expected shares of mentions"),
                *(_NONE if value is None else f"{value:.3f}" for value in others),
            ]
        )
    return head, rows


def figure(arena: Arena) -> Figure:
    """Draw macro-F1 with its interval against speed, one numbered point a system, the slowest first."""
    drawn = Figure(figsize=(9.0, 5.0), layout="constrained")
    axis = drawn.subplots()
    comparison = arena.comparisons[arena.primary]
    by_speed = sorted(arena.facts.items(), key=lambda item: item[1]["sentences_per_second"])
    for number, (name, facts) in enumerate(by_speed, start=1):
        interval = comparison.macro_f1[name]
        speed = facts["sentences_per_second"]
        colour = "#D55E00" if name.startswith(arena.ours) else "#0072B2"
        errors = [[interval.value - interval.low], [interval.high - interval.value]]
        axis.errorbar(speed, interval.value, yerr=errors, fmt="o", color=colour, capsize=2,
                      linewidth=1, label=f"{number}  {facts['title']}")  # fmt: skip
        axis.annotate(str(number), (speed, interval.value), xytext=(5, 4), color=colour,
                      textcoords="offset points", fontsize=9)  # fmt: skip
    axis.set_xscale("log")
    axis.spines[["top", "right"]].set_visible(False)
    axis.set(
        xlabel="sentences a second, one core (log scale)",
        ylabel=f"macro-F1 on {arena.set_title(arena.primary)}, 95% interval",
    )
    drawn.legend(loc="outside right upper", frameon=False, fontsize=9)
    return drawn
