"""``censorscope label``, ``explain``, ``models``, ``rollback`` and ``ui``."""

import argparse
import gc
import sys
from pathlib import Path

from ..data.exceptions import InputError
from ..data.themes import THEMES

FORMATS = ("table", "jsonl", "csv", "parquet")


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-commands of this folder."""
    label = commands.add_parser(
        "label",
        help="label the sentences of files",
        description="Label the sentences of files, tables of any size. A run that was interrupted "
        "continues where it stopped when the same command is given again. Rows that cannot be "
        "read are listed in OUTPUT.rejected.jsonl.",
    )
    label.add_argument(
        "files",
        nargs="*",
        default=["-"],
        metavar="FILE",
        help="plain text, HTML, CSV, JSONL or Parquet (also .gz, .zst); a folder of them; a "
        "pattern in quotes, such as 'archive/**/*.jsonl'; or - for standard input (default)",
    )
    add_model_option(label)
    label.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="appears when it is complete (default: standard output)",
    )
    label.add_argument(
        "--format", choices=FORMATS, help="default: by the name of the output, else table"
    )
    label.add_argument(
        "--text-column", default="text", metavar="NAME", help="column with the text (default: text)"
    )
    label.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="NAME",
        help="a column of the tables (a date, an outlet) that goes into the output; may be repeated",
    )
    label.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="processes (default: 1); the output is the same with any number",
    )
    label.add_argument(
        "--precision",
        type=float,
        metavar="P",
        help="label only what is right with this chance (0.8, 0.85, 0.9, 0.95 or 0.98) and name in "
        "the column to_read what a person has to read",
    )
    label.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="THEME=P",
        help="label from this probability on; may be repeated",
    )
    label.set_defaults(run=run_label)

    explain = commands.add_parser(
        "explain",
        help="say why a sentence gets its labels",
        description="Say why a sentence gets its labels.",
    )
    explain.add_argument("text", metavar="TEXT")
    add_model_option(explain)
    explain.set_defaults(run=run_explain)

    models = commands.add_parser(
        "models",
        help="list the registered versions",
        description="List versions, aliases, when each was champion and why.",
    )
    add_store_option(models)
    models.set_defaults(run=run_models)

    rollback = commands.add_parser(
        "rollback",
        help="make the former champion champion again",
        description="Make the former champion champion again.",
    )
    add_store_option(rollback)
    rollback.set_defaults(run=run_rollback)

    ui = commands.add_parser(
        "ui", help="open the MLflow UI", description="Serve the MLflow UI of the tracking store."
    )
    add_store_option(ui)
    ui.add_argument("--port", type=int, default=5000, metavar="N", help="default: 5000")
    ui.set_defaults(run=run_ui)


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--model`` to a sub-command."""
    parser.add_argument(
        "--model",
        metavar="PATH_OR_URI",
        help="a saved model or models:/censorscope@champion (default: the model in the package)",
    )


def add_store_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--tracking-uri`` to a sub-command."""
    parser.add_argument(
        "--tracking-uri",
        metavar="URI",
        help="MLflow store (default: MLFLOW_TRACKING_URI, else sqlite:///censorscope-runs/mlflow.db)",
    )


def run_label(arguments: argparse.Namespace) -> int:
    """Label files."""
    from .. import load
    from ..data.sources import find_sources
    from .formats import rejected_path
    from .streaming import Archive

    if arguments.jobs < 1:
        raise InputError(f"--jobs {arguments.jobs} is less than 1")
    output: Path | None = arguments.output
    form = _form(arguments)
    if arguments.keep and form == "table":
        raise InputError("--keep has no place in a table", remedy="Give --format csv, say.")
    outputs = (output, rejected_path(output)) if output else ()
    sources = find_sources(arguments.files or ["-"], outputs=outputs)
    model = load(arguments.model).with_thresholds(_thresholds(arguments.threshold))
    if arguments.precision is not None:
        model = model.at_precision(arguments.precision)
    # All that is there by now stays to the end; the collector would look through it again at exit.
    gc.freeze()
    archive = Archive(
        sources, model, form, arguments.text_column, tuple(arguments.keep), arguments.jobs
    )
    tally = archive.print() if output is None else archive.write(output)
    labelled = f"{tally.labelled:,} with a label"
    counted = (_count(tally.sentences, "sentence"), _count(tally.documents, "document"))
    parts = [f"{' of '.join(counted)}, {labelled}"]
    if arguments.precision is not None:
        parts.append(f"{tally.to_read:,} to be read by a person")
    if tally.furniture:
        parts.append(f"{_count(tally.furniture, 'line')} of page furniture left out")
    if tally.foreign:
        documents = _count(tally.foreign, "document")
        parts.append(f"{documents} apparently not in English, the only language that is read")
    if tally.rejected:
        where = f" (see {rejected_path(output)})" if output else ""
        parts.append(f"{_count(tally.rejected, 'row')} rejected{where}")
    print("; ".join(parts), file=sys.stderr)
    return 2 if tally.rejected and not tally.documents else 0


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _form(arguments: argparse.Namespace) -> str:
    if arguments.format:
        return str(arguments.format)
    if arguments.output is None:
        return "table"
    form = str(arguments.output.suffix).removeprefix(".").lower()
    if form == "txt":
        return "table"
    if form not in FORMATS:
        raise InputError(
            f"the format of {arguments.output} is not known from its name",
            remedy=f"Give --format {'|'.join(FORMATS)}.",
        )
    return form


def _thresholds(given: list[str]) -> dict[str, float]:
    thresholds = {}
    for item in given:
        theme, equals, value = item.partition("=")
        try:
            thresholds[theme] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(
                f"--threshold {item} is not THEME=P",
                remedy=f"For instance --threshold {THEMES[0]}=0.7.",
            )
    return thresholds


def run_explain(arguments: argparse.Namespace) -> int:
    """Explain one sentence."""
    from .. import load
    from .explanation import explain
    from .table_model import TableModel

    if not arguments.text.strip():
        raise InputError("the text is empty")
    model = load(arguments.model)
    if not isinstance(model, TableModel):
        raise InputError(
            "an encoder has no weights to show",
            remedy="Give a table model with --model, or none for the default model.",
        )
    for explanation in explain(model, arguments.text):
        print(explanation.summary)
        if not explanation.ground_words:
            continue
        print(
            f"    log-odds {explanation.logit:+.2f} (label from probability "
            f"{explanation.threshold:.2f} on) = {explanation.intercept:+.2f} to begin with"
        )
        for contribution in explanation.contributions[:10]:
            print(f"    {contribution.value:+7.3f}  {contribution.feature}")
        rest = explanation.contributions[10:]
        if rest:
            print(f"    {sum(c.value for c in rest):+7.3f}  {len(rest)} more")
    return 0


def run_models(arguments: argparse.Namespace) -> int:
    """List versions."""
    from .registry import connect, versions

    with connect(arguments.tracking_uri) as client:
        listed = versions(client)
    print(f"{'version':>7}  {'macro-F1':>8}  {'aliases':12}  champion")
    for version in listed:
        score = "" if version.macro_f1 is None else f"{version.macro_f1:.3f}"
        aliases = " ".join(f"@{alias}" for alias in version.aliases) or "-"
        spells = [f"{p.since} to {p.until or 'now'}: {p.reason}" for p in version.periods]
        print(f"{version.number:>7}  {score:>8}  {aliases:12}  {spells[0] if spells else '-'}")
        for spell in spells[1:]:
            print(f"{'':>7}  {'':>8}  {'':12}  {spell}")
    return 0


def run_rollback(arguments: argparse.Namespace) -> int:
    """Go back to the former champion."""
    from .registry import connect, rollback

    with connect(arguments.tracking_uri) as client:
        old, new = rollback(client)
    print(f"version {new} is champion again, instead of version {old}")
    return 0


def run_ui(arguments: argparse.Namespace) -> int:
    """Serve the MLflow UI."""
    from .tracking_ui import serve

    return serve(arguments.tracking_uri, port=arguments.port)
