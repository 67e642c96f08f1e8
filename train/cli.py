"""``censorscope train`` and ``promote``."""

import argparse
import sys


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-commands of this folder."""
    from ..models.cli import add_store_option

    train = commands.add_parser(
        "train",
        help="fit, evaluate, track and register a model",
        description="Fit, evaluate, track and register a model.",
    )
    train.add_argument(
        "--data",
        nargs="+",
        metavar="FILE",
        help="labelled .jsonl, .csv or .parquet (default: the corpus of the package)",
    )
    train.add_argument("--config", metavar="TOML", help="a file of settings; flags override it")
    add_store_option(train)
    train.add_argument("--output", metavar="DIR", help="default: censorscope-runs/model")
    train.add_argument(
        "--scorer",
        metavar="KIND",
        help="table (default) or encoder, which needs censorscope[encoder]",
    )
    train.add_argument(
        "--encoder", metavar="NAME_OR_PATH", help="sentence encoder to fine-tune (default: MiniLM)"
    )
    train.add_argument("--seed", type=int, metavar="N")
    train.add_argument("--jobs", type=int, metavar="N", help="processes (default: 2)")
    train.set_defaults(run=run_train)

    promote = commands.add_parser(
        "promote",
        help="make the challenger champion, if it is better",
        description="Make @challenger @champion, if it beats it on the same held-back articles. "
        "The first champion has to beat the keyword list on its own: its macro-F1 in the run has to "
        "lie above the list's, or above 0 where the run has none of the list. "
        "Exit code: 0 promoted, 1 refused, 2 nothing compared because of a mistake.",
    )
    add_store_option(promote)
    promote.add_argument("--force", metavar="REASON", help="promote anyway, and write down why")
    promote.set_defaults(run=run_promote)


def run_train(arguments: argparse.Namespace) -> int:
    """Train."""
    import os

    from ..models.registry import CHALLENGER, MODEL_NAME
    from .run import run
    from .settings import TrainSettings
    from .tracking import require_store, track

    settings = TrainSettings.read(
        arguments.config,
        data=arguments.data,
        output=arguments.output,
        tracking_uri=arguments.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or None,
        scorer=arguments.scorer or ("encoder" if arguments.encoder else None),
        encoder=arguments.encoder,
        seed=arguments.seed,
        jobs=arguments.jobs,
    )
    result = run(settings, _say, before_fit=lambda: require_store(settings))
    print(f"\n{result.comparison}\n", flush=True)
    _say("logging the run to MLflow")
    run_id, number = track(settings, result)
    _say(f"run {run_id} in {settings.tracking_uri}")
    if number is not None:
        _say(f"registered as version {number} of {MODEL_NAME}, now @{CHALLENGER}")
    return 0


def run_promote(arguments: argparse.Namespace) -> int:
    """Promote the challenger; 1 when the evidence does not suffice."""
    from .promotion import promote

    outcome = promote(arguments.tracking_uri, force=arguments.force)
    if outcome.promoted:
        print(f"version {outcome.challenger} is now @champion: {outcome.reason}")
        return 0
    print(
        f"version {outcome.challenger} stays @challenger: {outcome.reason}. "
        "`--force REASON` promotes it all the same."
    )
    return 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
