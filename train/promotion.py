"""``@challenger`` becomes ``@champion`` only with evidence."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..data.exceptions import InputError, RegistryError
from ..data.themes import THEMES
from ..evaluate.baselines import KEYWORD_LIST
from ..evaluate.metrics import Interval, bootstrap_macro_f1
from ..models.registry import (
    CHALLENGER,
    CHAMPION,
    MODEL_NAME,
    Version,
    connect,
    download,
    make_champion,
    version_of,
)
from ..models.storage import load
from .tracking import HELD_BACK, macro_f1_metric

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True, slots=True)
class Promotion:
    """The outcome of a try to promote.

    Attributes
    ----------
    challenger : int
    champion : int or None
        The one before.
    difference : Interval or None
        Macro-F1 of the challenger minus the champion's; None when there was nothing to compare.
    promoted : bool
    reason : str
    """

    challenger: int
    champion: int | None
    difference: Interval | None
    promoted: bool
    reason: str


def promote(store: str | None = None, *, force: str | None = None) -> Promotion:
    """Make the challenger champion if it beats the champion on the same held-back articles.

    It does when the whole 95% interval of the difference of macro-F1, a paired bootstrap over
    the articles held back from both, lies above 0. The first champion has no rival but the
    keyword list: the macro-F1 its run logged on its held-back articles has to lie above the list's,
    or above 0 where none was logged for the list.

    Parameters
    ----------
    store : str, optional
        See `models.registry.tracking_uri`.
    force : str, optional
        Promote whatever the figures say, for this reason, which is written down.

    Raises
    ------
    InputError
        When the reason is empty.
    RegistryError
        When the store cannot be opened or no version is challenger.
    """
    if force is not None and not force.strip():
        raise InputError(
            "the reason for promoting by force is empty", remedy='Write why: --force "REASON".'
        )
    with connect(store) as client:
        challenger = version_of(client, CHALLENGER)
        if challenger is None:
            raise RegistryError("no version is challenger. Run `censorscope train` first.")
        champion = version_of(client, CHAMPION)
        difference = None
        if champion is None:
            promoted, reason = _first(client, challenger)
        else:
            difference = _difference(client, challenger, champion, store)
            promoted = difference is not None and difference.low > 0
            figures = (
                "no article was held back from both"
                if difference is None
                else f"macro-F1 differs by {difference} on the articles held back from both"
            )
            reason = f"against version {champion.number}: {figures}"
            if not promoted:
                reason += "; the interval has to lie above 0"
        if force is not None and not promoted:
            promoted, reason = True, f"forced: {force} ({reason})"
        _write(client, challenger.number, difference, promoted, reason)
        if promoted:
            make_champion(client, challenger.number, reason)
        before = champion.number if champion else None
        return Promotion(challenger.number, before, difference, promoted, reason)


def _first(client: "MlflowClient", challenger: Version) -> tuple[bool, str]:
    metrics = client.get_run(challenger.run_id).data.metrics
    reached = metrics.get(macro_f1_metric("censorscope"), 0.0)
    listed = metrics.get(macro_f1_metric(KEYWORD_LIST))
    if reached > (listed or 0.0):
        return True, "first champion"
    floor = "0" if listed is None else f"the keyword list's {listed:.3f}"
    return False, (
        f"as first champion: macro-F1 {reached:.3f} on the held-back articles is not above {floor}"
    )


def _difference(
    client: "MlflowClient", challenger: Version, champion: Version, store: str | None
) -> Interval | None:
    held_back = _held_back(client, challenger)
    known = _held_back(client, champion)
    both = held_back[
        held_back["text"].isin(known["text"]) & held_back["article"].isin(known["article"])
    ]
    if both.empty:
        return None
    decisions = {
        name: load(download(f"models:/{MODEL_NAME}/{version.number}", store)).predict(both["text"])
        for name, version in (("challenger", challenger), ("champion", champion))
    }
    _, differences = bootstrap_macro_f1(
        both[list(THEMES)].to_numpy(), decisions, both["article"].to_numpy()
    )
    return differences["challenger", "champion"]


def _held_back(client: "MlflowClient", version: Version) -> pd.DataFrame:
    return pd.read_parquet(Path(client.download_artifacts(version.run_id, HELD_BACK)))


def _write(
    client: "MlflowClient", number: int, difference: Interval | None, promoted: bool, reason: str
) -> None:
    tags = {"promotion": "promoted" if promoted else "refused", "promotion_reason": reason}
    if difference is not None:
        tags |= {
            "promotion_difference": f"{difference.value:.4f}",
            "promotion_interval": f"{difference.low:.4f} to {difference.high:.4f}",
        }
    for name, value in tags.items():
        client.set_model_version_tag(MODEL_NAME, str(number), name, value)
    described = client.get_model_version(MODEL_NAME, str(number)).description or ""
    client.update_model_version(
        MODEL_NAME, str(number), f"{described}\n\n{tags['promotion'].capitalize()}, {reason}."
    )
