"""A training run in MLflow: what it was made of, what it reached, and the model itself."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from ..data.themes import THEMES
from ..evaluate.abstention import abstention
from ..evaluate.checks import run_checks
from ..evaluate.errors import worst_errors
from ..evaluate.model_card import model_card
from ..models.registry import CHALLENGER, MODEL_NAME, connect, database_path
from .run import PACKAGES, TrainResult, describe
from .settings import TrainSettings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo

HELD_BACK: Final = "data/held_back.parquet"
_EXAMPLE: Final = (
    "The regulator ordered carriers to cut off numbers that send phishing texts.",
    "Nine people were killed when a bomb exploded at a bus stop.",
)
_ABOUT: Final = (
    "Labels news sentences with the ground on which they report the control of information. "
    "@champion is in force, @challenger the newest candidate; the tags and descriptions of the "
    "versions say what was promoted, when and why."
)
_METRICS: Final = ("precision", "recall", "f1", "average_precision", "brier", "calibration_error")


def track(settings: TrainSettings, result: TrainResult) -> tuple[str, int | None]:
    """Log a finished run, and register its model as ``@challenger`` if the settings say so.

    Parameters
    ----------
    settings : TrainSettings
        Those the run was made with; they name the store and the experiment.
    result : TrainResult
        As from `run.run`.

    Returns
    -------
    run_id : str
    version : int or None
        Number of the new version.

    Raises
    ------
    RegistryError
        When the store cannot be reached or made.
    """
    with _experiment_open(settings) as client:
        import mlflow

        with mlflow.start_run(run_name=_run_name(result)) as run:
            _log_facts(settings, result)
            _log_candidates(result)
            _log_results(settings, result)
            info = _log_model(result)
            number = None
            if settings.register:
                number = _register(client, info.model_uri, result)
                mlflow.set_tag("model_version", number)
        return run.info.run_id, number


def macro_f1_metric(system: str) -> str:
    """Return the metric under which a run logs the macro-F1 of a system on the held-back articles."""
    key = "".join(c if c.isalnum() else "_" for c in system)
    return f"held_back.{key}.macro_f1"


def require_store(settings: TrainSettings) -> None:
    """Refuse a store in which `track` could not log; make it and the experiment where missing.

    Raises
    ------
    RegistryError
        When the store cannot be reached or made, or the experiment has been deleted.
    """
    with _experiment_open(settings):
        pass


@contextmanager
def _experiment_open(settings: TrainSettings) -> Iterator["MlflowClient"]:
    with connect(settings.tracking_uri, create=True) as client:
        import mlflow

        mlflow.set_experiment(experiment_id=_experiment(client, settings))
        yield client


def _experiment(client: "MlflowClient", settings: TrainSettings) -> str:
    """Return the id of the experiment, made beside a SQLite store with its own artifact folder."""
    found = client.get_experiment_by_name(settings.experiment)
    if found is not None:
        return str(found.experiment_id)
    database = database_path(settings.tracking_uri)
    location = None
    if database is not None:
        location = (database.parent / "artifacts").resolve().as_uri()
    return str(client.create_experiment(settings.experiment, artifact_location=location))


def _run_name(result: TrainResult) -> str:
    # Lists and legends of the UI show the first twenty letters or so: what tells runs apart stands there.
    score = result.comparison.macro_f1["censorscope"].value
    params = " ".join(str(value) for value in result.chosen.params.values())
    return f"F1 {score:.3f} {params}, {len(result.train):,} sentences"


def _log_facts(settings: TrainSettings, result: TrainResult) -> None:
    import mlflow

    facts = describe(settings, result)
    given = settings.to_dict() | {"data": facts["data"]}
    mlflow.log_params({name: _readable(value) for name, value in given.items()})
    mlflow.log_params({f"chosen_{name}": value for name, value in result.chosen.params.items()})
    mlflow.set_tags({name: _readable(value) for name, value in facts.items()})
    mlflow.log_metric("fit_seconds", result.seconds)
    mlflow.set_tags({f"package_{name}": version(name) for name in (*PACKAGES, "mlflow-skinny")})
    commit = _commit()
    if commit:
        mlflow.set_tag("mlflow.source.git.commit", commit)
    for context, frame in (("training", result.train), ("held back", result.test)):
        dataset = mlflow.data.from_pandas(
            frame[["article", "text", *THEMES]],
            name=f"censorscope {context}",
            digest=facts["data_digest"][:12] if context == "training" else None,
        )
        mlflow.log_input(dataset, context=context)


def _log_candidates(result: TrainResult) -> None:
    import mlflow

    for candidate in result.candidates:
        name = ", ".join(f"{k}={v}" for k, v in candidate.params.items())
        with mlflow.start_run(run_name=name, nested=True):
            mlflow.log_params(candidate.params)
            mlflow.log_metric("oof_average_precision", candidate.average_precision)
            mlflow.set_tag("chosen", str(candidate is result.chosen))
    mlflow.log_metric("oof_average_precision", result.chosen.average_precision)


def _log_results(settings: TrainSettings, result: TrainResult) -> None:
    import mlflow

    from ..evaluate.plots import run_figures

    comparison = result.comparison
    frame = comparison.metrics["censorscope"]
    for row, values in frame.iterrows():
        mlflow.log_metrics(
            {f"{row}.{m}": float(values[m]) for m in _METRICS if not pd.isna(values[m])}
        )
        mlflow.log_metric(f"{row}.support", float(values["support"]))
    for name, interval in comparison.macro_f1.items():
        mlflow.log_metric(macro_f1_metric(name), interval.value)
    # Charts show two decimals.
    mlflow.log_metric("false_alarms_per_1000", 1000 * comparison.false_alarms["censorscope"])
    mlflow.log_metrics(
        {f"{t}.threshold": float(v) for t, v in zip(THEMES, result.model.thresholds, strict=True)}
    )
    for name, figure in run_figures(result.model, result.test, result.learning_curve).items():
        mlflow.log_figure(figure, f"plots/{name}")
    mlflow.log_table(worst_errors(result.model, result.test), "worst_errors.json")
    mlflow.log_text(str(comparison), "comparison.txt")
    checks = run_checks(result.model, result.test)
    mlflow.log_metrics(checks.metrics())
    for name, table in checks.tables().items():
        mlflow.log_table(table, f"{name}.json")
    reading = abstention(result.model, result.test)
    mlflow.log_table(reading.reset_index(), "precision_and_reading.json")
    card = model_card(result.model, comparison, checks, reading, describe(settings, result))
    mlflow.log_text(card, "model_card.md")
    mlflow.set_tag("mlflow.note.content", card)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / Path(HELD_BACK).name
        result.test.to_parquet(path, index=False)
        mlflow.log_artifact(str(path), str(Path(HELD_BACK).parent))


def _log_model(result: TrainResult) -> "ModelInfo":
    import mlflow
    from mlflow.models import infer_signature

    example = pd.DataFrame({"text": list(_EXAMPLE)})
    labelled = result.model.label(example["text"])
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).parents[1] / "models" / "pyfunc.py"),
        artifacts={"model": str(result.path)},
        signature=infer_signature(example, labelled),
        input_example=example,
        pip_requirements=[f"censorscope=={version('censorscope')}"],
    )


def _register(client: "MlflowClient", model_uri: str, result: TrainResult) -> int:
    import mlflow

    interval = result.comparison.macro_f1["censorscope"]
    registered = mlflow.register_model(
        model_uri, MODEL_NAME, tags={"macro_f1": f"{interval.value:.4f}"}
    )
    number = int(registered.version)
    client.update_model_version(
        MODEL_NAME,
        str(number),
        description=f"Held-back macro-F1 {interval} on {result.comparison.n_articles} articles; "
        f"trained on {len(result.train):,} sentences.",
    )
    client.update_registered_model(MODEL_NAME, description=_ABOUT)
    client.set_registered_model_alias(MODEL_NAME, CHALLENGER, str(number))
    return number


def _readable(value: object) -> object:
    """Write lists as the comparison page should show them."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _commit() -> str | None:
    """Return the commit of the checkout the code runs from, None outside one."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
