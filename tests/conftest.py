"""What several tests share. Nothing here trains on or reads the network."""

import os
from pathlib import Path

import pandas as pd
import pytest

import censorscope
from censorscope.data.corpus import development_and_test
from censorscope.data.themes import THEMES
from censorscope.models.classifier import ThemeClassifier
from censorscope.models.theme_model import ThemeModel


@pytest.fixture(scope="session")
def benchmark_path() -> Path:
    """Real news with gold labels; not part of the project, so its tests may be skipped."""
    given = os.environ.get("CENSORSCOPE_BENCHMARK")
    if not given:
        pytest.skip("CENSORSCOPE_BENCHMARK names no labelled real news")
    path = Path(given)
    assert path.is_file(), path
    return path


@pytest.fixture(scope="session")
def development() -> pd.DataFrame:
    return development_and_test()[0]


@pytest.fixture(scope="session")
def small(development: pd.DataFrame) -> pd.DataFrame:
    """About 1,200 sentences of the corpus: enough to learn something, quick to fit."""
    articles = sorted(development["article"].unique())[::4][:110]
    return development[development["article"].isin(articles)].reset_index(drop=True)


@pytest.fixture(scope="session")
def classifier(small: pd.DataFrame) -> ThemeClassifier:
    return ThemeClassifier().fit(small["text"], small[list(THEMES)], small["article"])


@pytest.fixture(scope="session")
def model() -> ThemeModel:
    """The default model."""
    return censorscope.load()
