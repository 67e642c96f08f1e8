"""The command line: ``censorscope`` or ``python -m censorscope``."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from . import __version__
from .data.exceptions import CensorscopeError
from .data.themes import THEMES
from .evaluate import cli as evaluate_cli
from .models import cli as models_cli
from .train import cli as train_cli


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; each folder brings its own sub-commands."""
    parser = argparse.ArgumentParser(
        prog="censorscope",
        description="Label news sentences with the ground on which they report the control of "
        f"information: {', '.join(THEMES)}.",
    )
    parser.add_argument("--version", action="version", version=f"censorscope {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for cli in (models_cli, evaluate_cli, train_cli):
        cli.add_commands(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 when all is well, 1 when `promote` refuses, 2 for an error the user can mend, 70 (EX_SOFTWARE
        of sysexits) for one of ours, 130 when interrupted.
    """
    arguments = make_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except CensorscopeError as error:
        print(f"censorscope: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing more to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("censorscope: interrupted", file=sys.stderr)
        return 130
    except Exception:
        # Python's own 1 would tell a script that `promote` had refused.
        traceback.print_exc()
        return 70


if __name__ == "__main__":
    sys.exit(main())
