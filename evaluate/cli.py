"""``censorscope evaluate``."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.exceptions import InputError

if TYPE_CHECKING:
    from .checks import Checks


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
    evaluate.add_argument(
        "--slices",
        action="store_true",
        help="also by source, years, region, register and sentence length, the worst first",
    )
    evaluate.add_argument(
        "--behaviour",
        action="store_true",
        help="also on the behaviour cases, and on the data with names of countries, outlets and "
        "platforms exchanged",
    )
    evaluate.add_argument(
        "--errors", metavar="OUT.csv", type=Path, help="also write every wrong label here"
    )
    evaluate.set_defaults(run=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Evaluate a model."""
    from .. import load
    from ..data.corpus import development_and_test
    from ..data.reader import read_labelled
    from .baselines import fit_baselines
    from .checks import records, run_checks
    from .comparison import compare
    from .errors import worst_errors

    _require_places(list(filter(None, (arguments.json, arguments.errors))), arguments.data)
    frame = read_labelled(*arguments.data)
    model = load(arguments.model)
    print("fitting the baselines", file=sys.stderr, flush=True)
    train, _ = development_and_test()
    comparison = compare(frame, {"censorscope": model, **fit_baselines(train)})
    print(comparison)
    figures = comparison.to_dict()
    if arguments.slices or arguments.behaviour:
        checks = run_checks(model, frame)
        if arguments.slices:
            print(_slices(checks))
            figures["slices"] = records(checks.slices)
        if arguments.behaviour:
            print(_behaviour(checks))
            figures |= checks.to_dict()
    contents = {}
    if arguments.errors:
        errors = worst_errors(model, frame, n=None)
        contents[arguments.errors] = errors.to_csv(index=False, lineterminator="\n")
    if arguments.json:
        contents[arguments.json] = json.dumps(figures, indent=1) + "\n"
    _write(contents)
    if arguments.errors:
        print(f"wrote {len(errors):,} errors to {arguments.errors}", file=sys.stderr)
    return 0


def _require_places(paths: list[Path], data: list[str]) -> None:
    """Refuse, before any work is done, files that cannot be written or would replace the data."""
    for path in paths:
        try:
            _require_place(path, data)
        except OSError as error:
            raise _cannot_be_written(path, error) from None
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError("is written twice", path=paths[0], remedy="Give another file.")


def _require_place(path: Path, data: list[str]) -> None:
    if not path.parent.is_dir():
        raise InputError("its folder does not exist", path=path, remedy="Make the folder first.")
    if path.exists():
        if not path.is_file():
            raise InputError("is no ordinary file", path=path, remedy="Give the name of a file.")
        if any(Path(name).exists() and path.samefile(name) for name in data):
            raise InputError("is one of --data", path=path, remedy="Give another file.")
    scratch = _scratch(path)
    scratch.touch()
    scratch.unlink()


def _cannot_be_written(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot be written ({error.strerror or error})", path=path)


def _scratch(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _write(contents: dict[Path, str]) -> None:
    """Write all files or none: no file gets its name before the last one is whole."""
    path = Path()
    try:
        for path, content in contents.items():
            _scratch(path).write_text(content, encoding="utf-8")
        for path in contents:
            _scratch(path).replace(path)
    except OSError as error:
        raise _cannot_be_written(path, error) from None
    finally:
        for path in contents:
            _scratch(path).unlink(missing_ok=True)


def _slices(checks: "Checks") -> str:
    from .checks import describe_worst

    shown = checks.slices.drop(columns="ranked")
    table = shown.to_string(index=False, float_format="{:.3f}".format, na_rep="-")
    return f"\nSlices, those with enough labels first; {describe_worst(checks.slices)}\n\n{table}"


def _behaviour(checks: "Checks") -> str:
    cases = checks.passed.to_string(index=False, formatters={"passed": "{:.1%}".format})
    changes = checks.flips.to_string(index=False, formatters={"flipped": "{:.1%}".format})
    return (
        f"\nBehaviour cases passed\n\n{cases}\n\nLabels of cases altered by a change\n\n{changes}"
        f"\n\nNames exchanged in the data: {checks.describe_exchange()}"
    )
