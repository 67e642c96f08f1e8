import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from censorscope.data.themes import THEMES
from censorscope.evaluate.abstention import abstention
from censorscope.evaluate.baselines import KeywordBaseline, MajorityBaseline, fit_baselines
from censorscope.evaluate.comparison import compare
from censorscope.evaluate.errors import worst_errors
from censorscope.evaluate.metrics import (
    bootstrap_macro_f1,
    expected_calibration_error,
    false_alarm_rate,
    theme_metrics,
)
from censorscope.evaluate.plots import run_figures

Y = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], dtype=bool)
D = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], dtype=bool)


def test_metrics_by_hand() -> None:
    frame = theme_metrics(Y, D.astype(float), D)
    assert frame.loc["rumour_control", ["precision", "recall", "f1"]].tolist() == [1, 0.5, 2 / 3]
    assert frame.loc["macro", "f1"] == pytest.approx((2 / 3 + 1 + 0 + 1) / 4)
    assert frame.loc["micro", "precision"] == pytest.approx(3 / 4)
    assert frame["support"].tolist() == [2, 1, 0, 1, 4, 4]


def test_a_theme_absent_from_the_data_still_counts_its_false_alarms() -> None:
    assert theme_metrics(Y, D.astype(float), D).loc["fraud", "f1"] == 0
    assert np.isnan(theme_metrics(Y, D.astype(float), D).loc["fraud", "average_precision"])


def test_metrics_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, given = rng.random((300, 4)) < 0.3, rng.random((300, 4)) < 0.3
    frame = theme_metrics(truth, given.astype(float), given)
    for average in ("macro", "micro"):
        expected = f1_score(truth, given, average=average)
        assert frame.loc[average, "f1"] == pytest.approx(expected)


def test_calibration_error_by_hand() -> None:
    y = np.array([True, False, False, False])
    assert expected_calibration_error(y, np.full(4, 0.25)) == pytest.approx(0)
    assert expected_calibration_error(y, np.full(4, 0.75)) == pytest.approx(0.5)


def test_false_alarms_are_of_sentences_without_a_theme() -> None:
    assert false_alarm_rate(Y, D) == 0
    assert false_alarm_rate(Y, ~D) == 1


def test_the_bootstrap_is_paired_and_over_articles() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((400, 4)) < 0.4
    good = truth ^ (rng.random((400, 4)) < 0.1)
    articles = np.repeat(np.arange(80), 5)
    scores, differences = bootstrap_macro_f1(truth, {"a": good, "b": good.copy()}, articles)
    assert scores["a"].low < scores["a"].value < scores["a"].high
    assert differences["a", "b"].low == differences["a", "b"].high == 0
    # One article has no spread; as many articles as sentences have some.
    one, _ = bootstrap_macro_f1(truth, {"a": good}, np.zeros(400))
    assert one["a"].low == one["a"].high


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(60):
        truth = rng.random((300, 4)) < 0.5
        given = np.where(rng.random((300, 4)) < 0.2, ~truth, truth)
        scores, _ = bootstrap_macro_f1(
            truth, {"a": given}, np.arange(300), seed=trial, n_resamples=300
        )
        covered += scores["a"].low <= 0.8 <= scores["a"].high
    assert covered >= 50


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("The ministry blocked 40 sites over rumours.", ["rumour_control"]),
        ("Rumours spread in the town square.", []),
        ("The ministry blocked the road.", []),
        ("Police removed pornographic and extremist videos.", ["terrorism", "pornography"]),
    ],
)
def test_the_keyword_list_needs_both_words(text: str, labels: list[str]) -> None:
    given = KeywordBaseline().fit([], np.zeros((0, 4))).predict([text])[0]
    assert [t for t, yes in zip(THEMES, given, strict=True) if yes] == labels


def test_the_majority_says_none(small) -> None:
    majority = MajorityBaseline().fit(small["text"], small[list(THEMES)].to_numpy())
    assert not majority.predict(["x", "y"]).any()
    assert majority.predict_proba(["x"])[0] == pytest.approx(small[list(THEMES)].mean().to_numpy())


def test_the_table_holds_every_system(small, classifier) -> None:
    systems = {"censorscope": classifier, **fit_baselines(small)}
    comparison = compare(small, systems)
    text = str(comparison)
    assert list(systems) == ["censorscope", "majority", "keyword list", "TF-IDF + LR at 0.5"]
    for name in systems:
        assert f"{comparison.macro_f1[name].value:.3f}" in text
    plain = comparison.to_dict()
    assert plain["systems"]["majority"]["macro_f1"] == [0, 0, 0]
    assert plain["n_sentences"] == len(small)


def test_worst_errors_are_errors_worst_first(classifier, small) -> None:
    model = classifier.to_model().with_thresholds(dict.fromkeys(THEMES, 0.8))
    errors = worst_errors(model, small, n=20)
    assert 0 < len(errors) <= 20
    gap = np.where(errors["error"] == "missed", 1 - errors["probability"], errors["probability"])
    assert (np.diff(gap) <= 1e-4).all()
    assert (errors["true"] != errors["given"]).all()


def test_more_precision_leaves_more_to_read(model, development) -> None:
    table = abstention(model, development.iloc[:2000])
    assert table["to_read"].is_monotonic_increasing
    assert table["labels"].is_monotonic_decreasing
    # What is read or labelled does not depend on the wish, and the wish is met.
    assert np.ptp(table["recall"]) == 0
    assert (table["precision"] >= table.index - 0.02).all()


def test_figures_are_drawn(classifier, small, tmp_path) -> None:
    curve = pd.DataFrame({"sentences": [100, 200], "macro_f1": [0.5, 0.6]})
    figures = run_figures(classifier.to_model(), small, curve)
    assert len(figures) == 6
    for name, figure in figures.items():
        figure.savefig(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 5000


def test_it_beats_the_baselines_on_real_news(model, benchmark_path, development) -> None:
    from censorscope.data.reader import read_labelled

    frame = read_labelled(benchmark_path)
    comparison = compare(frame, {"censorscope": model, **fit_baselines(development)})
    for name in comparison.macro_f1:
        if name != "censorscope":
            assert comparison.differences["censorscope", name].low > 0, name
