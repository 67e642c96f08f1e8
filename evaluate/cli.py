"""``censorscope evaluate``."""

import argparse
import json
import sys
from pathlib import Path


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command of this folder."""
    from ..models.cli import add_model_option

    evaluate = commands.add_parser(
        "evaluate",
        help="score a model beside the baselines on labelled data",
        description="Score a model beside the baselines, which are fitted on the training part of "
        "the corpus of the package.",
    )
    evaluate.add_argument(
        "--data", required=True, nargs="+", metavar="FILE", help="labelled .jsonl, .csv or .parquet"
    )
    add_model_option(evaluate)
    evaluate.add_argument("--json", metavar="OUT", type=Path, help="also write the figures here")
    evaluate.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Evaluate a model."""
    from .. import load
    from ..data.corpus import development_and_test
    from ..data.reader import read_labelled
    from .baselines import fit_baselines
    from .comparison import compare

    frame = read_labelled(*arguments.data)
    model = load(arguments.model)
    print("fitting the baselines", file=sys.stderr, flush=True)
    train, _ = development_and_test()
    comparison = compare(frame, {"censorscope": model, **fit_baselines(train)})
    print(comparison)
    if arguments.json:
        text = json.dumps(comparison.to_dict(), indent=1) + "\n"
        scratch = arguments.json.with_name(f".{arguments.json.name}.part")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(arguments.json)
    return 0
