import numpy as np
import pandas as pd
import pytest

from censorscope.data.themes import THEMES
from censorscope.evaluate.abstention import abstention
from censorscope.evaluate.checks import describe_worst, records, run_checks
from censorscope.evaluate.model_card import model_card
from censorscope.evaluate.slices import FLOOR, slice_table, worst_slice


def _frame(n: int, **columns) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"article": [str(i) for i in range(n)], "sentence": 0, "text": "word " * 5}
    )
    frame[list(THEMES)] = False
    return frame.assign(**columns)


def _table(frame: pd.DataFrame, decisions: np.ndarray) -> pd.DataFrame:
    return slice_table(frame, decisions.astype(float), decisions).set_index(["column", "slice"])


def test_a_slice_by_hand() -> None:
    n = 2 * FLOOR
    frame = _frame(n, source=["good"] * FLOOR + ["bad"] * FLOOR, rumour_control=True)
    decisions = frame[list(THEMES)].to_numpy(dtype=bool)
    decisions[FLOOR : FLOOR + 20, 0] = False
    table = _table(frame, decisions)
    assert table.loc[("source", "bad"), "macro_recall"] == pytest.approx(1 / 3)
    assert table.loc[("source", "bad"), "macro_f1"] == pytest.approx(0.5)
    # Themes that do not occur in a slice take no part in its macro figures.
    assert table.loc[("source", "good"), "macro_f1"] == 1
    assert table.loc[("source", "good"), "themes"] == 1
    worst = worst_slice(table.reset_index())
    assert worst is not None
    assert (worst["column"], worst["slice"]) == ("source", "bad")
    assert "source bad, macro-F1 0.500" in describe_worst(table.reset_index())


def test_false_alarms_count_where_no_theme_occurs() -> None:
    frame = _frame(10, source=["quiet"] * 5 + ["loud"] * 5)
    decisions = np.zeros((10, 4), dtype=bool)
    decisions[5:7, 2] = True
    table = _table(frame, decisions)
    assert table.loc[("source", "loud"), "false_alarm_rate"] == pytest.approx(0.4)
    assert table.loc[("source", "quiet"), "false_alarm_rate"] == 0
    assert np.isnan(table.loc[("source", "loud"), "macro_f1"])
    assert records(table.reset_index())[0]["macro_f1"] is None


def test_only_slices_with_labels_enough_are_ranked() -> None:
    few = _frame(FLOOR - 1, fraud=True)
    decisions = np.zeros((len(few), 4), dtype=bool)
    table = slice_table(few, decisions.astype(float), decisions)
    assert not table["ranked"].any()
    assert worst_slice(table) is None
    assert "none is ranked" in describe_worst(table)
    enough = _frame(FLOOR, fraud=True)
    decisions = np.zeros((FLOOR, 4), dtype=bool)
    assert slice_table(enough, decisions.astype(float), decisions)["ranked"].all()


@pytest.mark.parametrize(
    ("year", "name"),
    [(2014, "2010-2014"), (2015.0, "2015-2019"), ("2019", "2015-2019"), ("2020.0", "2020-2024")],
)
def test_years_go_by_fives_in_whatever_form(year, name) -> None:
    frame = _frame(3, year=pd.Series([year, year, None], dtype="object"))
    table = _table(frame, np.zeros((3, 4), dtype=bool))
    assert table.loc["year"].index.tolist() == [name]
    assert table.loc[("year", name), "sentences"] == 2


def test_lengths_cover_every_sentence() -> None:
    words = [1, 10, 11, 20, 21, 30, 31, 90]
    frame = _frame(len(words), text=["word " * n for n in words])
    table = _table(frame, np.zeros((len(words), 4), dtype=bool))
    assert table.loc["length", "sentences"].to_dict() == {
        "1-10 words": 2, "11-20 words": 2, "21-30 words": 2, "31 words or more": 2}  # fmt: skip


def test_the_model_card_names_the_worst_slice_and_the_rates(classifier, small) -> None:
    from censorscope.evaluate.comparison import compare

    model = classifier.to_model()
    checks = run_checks(model, small)
    facts = {
        "train_sentences": 1, "train_articles": 1, "data": ["x"],
        "data_digest": "d" * 64, "code_digest": "c" * 64,
        "calibration": "folds by whoever wrote it",
    }  # fmt: skip
    reading = abstention(model, small)
    card = model_card(model, compare(small, {"censorscope": model}), checks, reading, facts)
    worst = worst_slice(checks.slices)
    assert worst is not None
    assert f"{worst['column']} {worst['slice']}" in card
    for name in (*checks.passed.query("part == 'capability'")["name"], *checks.flips["change"]):
        assert f"| {name} | " in card
    assert checks.describe_exchange() in card
    assert "come from folds by whoever wrote it." in card
