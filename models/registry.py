"""Versions of the model in an MLflow store: what is champion, what was, and why."""

import contextlib
import json
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..data.exceptions import RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL_NAME: Final = "censorscope"
DEFAULT_TRACKING_URI: Final = "sqlite:///censorscope-runs/mlflow.db"
CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
_ENVIRONMENT: Final = "MLFLOW_TRACKING_URI"
_PERIODS: Final = "champion_periods"


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which a version was champion.

    Attributes
    ----------
    since : str
        ISO 8601, UTC.
    until : str or None
        None: it still is.
    reason : str
    """

    since: str
    until: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version."""

    number: int
    run_id: str
    aliases: tuple[str, ...]
    periods: tuple[Period, ...]
    macro_f1: float | None


def tracking_uri(given: str | None = None) -> str:
    """Return the store in force: the one given, ``MLFLOW_TRACKING_URI``, or the default."""
    return given or os.environ.get(_ENVIRONMENT) or DEFAULT_TRACKING_URI


def database_path(uri: str) -> Path | None:
    """Return the file of a SQLite store, None for any other kind."""
    prefix = "sqlite:///"
    return Path(uri.removeprefix(prefix)) if uri.startswith(prefix) else None


@contextlib.contextmanager
def connect(uri: str | None = None, *, create: bool = False) -> Iterator["MlflowClient"]:
    """Open a store; its complaints, and MLflow's own, become a `RegistryError`.

    Parameters
    ----------
    uri : str, optional
        See `tracking_uri`.
    create : bool
        Make a SQLite store that does not exist; otherwise that is an error.

    Raises
    ------
    RegistryError
        Naming the store: it is missing, no database, without its driver or out of reach.
    """
    address = tracking_uri(uri)
    path = database_path(address)
    if path is not None and not path.exists():
        if not create:
            raise RegistryError(
                f"{path}: no tracking store there. Run `censorscope train` first, or give "
                "--tracking-uri or MLFLOW_TRACKING_URI."
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RegistryError(f"{path}: cannot be made ({error.strerror}).") from error
    if path is not None and path.is_dir():
        # MLflow would try to open it for a minute.
        raise RegistryError(f"{path}: is a folder, no tracking store. Give the file of one.")
    # The users asked for no telemetry; MLflow reads this when it is imported.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # A server that does not answer is asked four times in some 15 s, not eight times in four minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    # set_tracking_uri writes to the environment too, where `tracking_uri` would find it again.
    before = os.environ.get(_ENVIRONMENT)
    mlflow.set_tracking_uri(address)
    try:
        with warnings.catch_warnings():
            # Advice to the authors of a model, which its users can do nothing about.
            warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")
            try:
                client = mlflow.MlflowClient(address)
            # Only of the opening: in the block these may be about anything else.
            except (ImportError, OSError, ValueError) as error:
                raise RegistryError(f"{address}: cannot be opened ({error}).") from error
            yield client
    except (MlflowException, SQLAlchemyError) as error:
        first_line = str(error).splitlines()[0]
        raise RegistryError(f"{address}: {first_line}") from error
    finally:
        mlflow.set_tracking_uri(before or "")
        os.environ.pop(_ENVIRONMENT, None)
        if before is not None:
            os.environ[_ENVIRONMENT] = before


def download(uri: str, store: str | None = None) -> Path:
    """Fetch the saved folder of a registered version or a logged model.

    Parameters
    ----------
    uri : str
        Such as ``models:/censorscope@champion``.
    store : str, optional
        See `tracking_uri`.
    """
    with connect(store):
        from mlflow.artifacts import download_artifacts

        folder = Path(download_artifacts(artifact_uri=uri))
    found = sorted(folder.glob("artifacts/*/model.json"))
    if not found:
        raise RegistryError(f"{uri}: holds no model of censorscope.")
    return found[0].parent


def versions(client: "MlflowClient") -> list[Version]:
    """Return every version of the model, newest first."""
    aliases: dict[int, list[str]] = {}
    registered = _registered(client)
    for alias, number in registered.aliases.items():
        aliases.setdefault(int(number), []).append(alias)
    found = client.search_model_versions(f"name = '{MODEL_NAME}'")
    return sorted(
        (
            Version(
                number=int(v.version),
                run_id=v.run_id or "",
                aliases=tuple(sorted(aliases.get(int(v.version), []))),
                periods=_periods(v.tags),
                macro_f1=float(v.tags["macro_f1"]) if "macro_f1" in v.tags else None,
            )
            for v in found
        ),
        key=lambda v: -v.number,
    )


def version_of(client: "MlflowClient", alias: str) -> Version | None:
    """Return the version that has an alias, None when there is none."""
    return next((v for v in versions(client) if alias in v.aliases), None)


def make_champion(client: "MlflowClient", number: int, reason: str) -> None:
    """Give ``@champion`` to a version, end the reign of the one before, and write down why."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    old = version_of(client, CHAMPION)
    if old is not None and old.periods:
        *earlier, last = old.periods
        _write_periods(client, old.number, [*earlier, Period(last.since, now, last.reason)])
    new = next(v for v in versions(client) if v.number == number)
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, str(number))
    if CHALLENGER in new.aliases:
        client.delete_registered_model_alias(MODEL_NAME, CHALLENGER)
    _write_periods(client, number, [*new.periods, Period(now, None, reason)])


def rollback(client: "MlflowClient") -> tuple[int, int]:
    """Make the version that was champion before the present one champion again.

    Returns
    -------
    old, new : int
        Version numbers.

    Raises
    ------
    RegistryError
        When there is no champion, or none before it.
    """
    current = version_of(client, CHAMPION)
    if current is None:
        raise RegistryError("no version is champion. Run `censorscope promote` first.")
    former = [
        (v.periods[-1].until or "", v.number)
        for v in versions(client)
        if v.number != current.number and v.periods
    ]
    if not former:
        raise RegistryError(
            f"version {current.number} is the first champion: nothing to go back to."
        )
    _, number = max(former)
    make_champion(client, number, f"rolled back from version {current.number}")
    return current.number, number


def _registered(client: "MlflowClient") -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(MODEL_NAME)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise RegistryError(
            "the store holds no version of the model. Run `censorscope train` first."
        ) from None


def _periods(tags: dict[str, str]) -> tuple[Period, ...]:
    return tuple(Period(*entry) for entry in json.loads(tags.get(_PERIODS, "[]")))


def _write_periods(client: "MlflowClient", number: int, periods: list[Period]) -> None:
    value = json.dumps([[p.since, p.until, p.reason] for p in periods])
    client.set_model_version_tag(MODEL_NAME, str(number), _PERIODS, value)
