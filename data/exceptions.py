"""Errors that a user can cause and mend; every message says what, where and what to do."""

from pathlib import Path


class CensorscopeError(Exception):
    """Base of all errors that the command line reports in one line, with exit code 2."""


class InputError(CensorscopeError, ValueError):
    """A file or value that the user gave cannot be used.

    Parameters
    ----------
    problem : str
        What is wrong.
    path : str or Path, optional
        The file it is wrong in.
    line : int, optional
        The line (text files) or row (tables), counted from 1.
    remedy : str, optional
        What the user can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        remedy: str | None = None,
    ) -> None:
        place = "" if path is None else f"{path}:"
        if line is not None:
            place += f"{line}:"
        message = f"{place} {problem}".strip()
        super().__init__(f"{message}. {remedy}" if remedy else message)
        self.problem = problem
        self.path = path
        self.line = line
        self.remedy = remedy


class SettingsError(InputError):
    """A training setting is unknown, of the wrong type or out of range."""


class ModelError(CensorscopeError):
    """A saved model cannot be opened: missing or changed file, unknown format version."""


class RegistryError(CensorscopeError):
    """The tracking store has no such model, version or alias, or cannot be reached."""


class MissingExtraError(CensorscopeError, ImportError):
    """An optional dependency is needed for what was asked and is not installed."""
