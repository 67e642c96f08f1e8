import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import censorscope
from censorscope.data.corpus import development_and_test, digest
from censorscope.data.exceptions import InputError, ModelError
from censorscope.data.themes import THEMES
from censorscope.features import contexts as contexts_module
from censorscope.models.calibration import fit_platt, prevalence_weights
from censorscope.models.classifier import ThemeClassifier
from censorscope.models.encoder_classifier import EncoderClassifier
from censorscope.models.explanation import explain
from censorscope.models.storage import DEFAULT_MODEL, load, save
from censorscope.models.thresholds import best_f1_threshold, precision_threshold
from censorscope.train.run import code_digest

ALL_FOUR = (
    "The new crackdown will target public accounts spreading rumours and information relating to "
    "violence, terrorism and pornography, as well as those using messaging for fraud"
)


def test_the_sentence_of_the_readme_carries_all_four(model) -> None:
    assert model.label([ALL_FOUR])["labels"].tolist() == [";".join(THEMES)]


def test_without_a_mention_the_probability_is_zero(model) -> None:
    proba = model.predict_proba(["Rain fell on the town.", "", "The site was blocked."])
    assert proba.dtype == np.float64
    assert proba.tolist() == [[0.0] * 4] * 3


@pytest.mark.parametrize(
    "texts",
    [
        [ALL_FOUR, "Rain."],
        np.array([ALL_FOUR, "Rain."]),
        np.array([ALL_FOUR, "Rain."], dtype=object),
        pd.Series([ALL_FOUR, "Rain."], index=[7, 3]),
        pa.array([ALL_FOUR, "Rain."]),
        pa.chunked_array([[ALL_FOUR], ["Rain."]]),
        pa.array([ALL_FOUR, "Rain."], pa.large_string()),
        pa.array([ALL_FOUR, "Rain."]).dictionary_encode(),
        pa.array(["x", ALL_FOUR, "Rain."]).slice(1),
    ],
    ids=str,
)
def test_every_container_of_text_is_taken(model, texts) -> None:
    assert model.predict(texts).tolist() == [[True] * 4, [False] * 4]


@pytest.mark.parametrize(
    ("texts", "message"),
    [("one", "got one string"), ([1, 2], "not all strings"), (["a", None], "text 1 is missing"),
     (pa.array([1.5]), "of type double"), (5, "expected a column of texts, got int"),
     (pd.DataFrame({"text": ["a"]}), "got a table"), (["\ud800", None], "text 1 is missing|not all strings"),
     (pa.StringArray.from_buffers(
        1, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff")), "not all UTF-8"),
     (pa.chunked_array([pa.array(["a" * (1 << 20)])] * 2049), "longer than 2 GB")],
)  # fmt: skip
def test_what_is_no_text_is_refused(model, texts, message) -> None:
    with pytest.raises(InputError, match=message):
        model.predict(texts)


@pytest.mark.parametrize("container", [list, tuple, np.array, partial(pd.Series, dtype=object)])
def test_a_lone_surrogate_is_a_question_mark_in_any_container(model, container) -> None:
    texts = container([f"{ALL_FOUR} \ud800", "Rain."])
    assert model.predict(texts).tolist() == [[True] * 4, [False] * 4]


def test_no_rows_give_no_rows(model) -> None:
    assert model.predict_proba([]).shape == (0, 4)
    assert list(model.label([]).columns) == ["text", *THEMES, "labels"]


def test_batches_do_not_change_results(model, small, monkeypatch) -> None:
    whole = model.predict_proba(small["text"])
    monkeypatch.setattr("censorscope.models.theme_model.BATCH_SENTENCES", 7)
    # A sentence gets the same bits in any company.
    assert np.array_equal(model.predict_proba(small["text"]), whole)


def test_a_model_that_was_used_can_be_sent_to_another_process(model, small) -> None:
    whole = model.predict_proba(small["text"])
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(small["text"]), whole)


def test_threads_may_share_a_model(model, small, request) -> None:
    # Threads take turns at every opportunity.
    request.addfinalizer(partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)
    texts = small["text"].tolist()
    whole = model.predict_proba(texts)
    for _ in range(3):
        # One that has met no word: that is when threads get into each other's way.
        fresh = pickle.loads(pickle.dumps(model))
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(fresh.predict_proba, [[text] for text in texts]))
        assert np.array_equal(np.concatenate(parts), whole)


def test_models_that_differ_in_thresholds_share_the_words_they_met(model, monkeypatch) -> None:
    stemmed: list[str] = []
    real = contexts_module.stem
    monkeypatch.setattr(contexts_module, "stem", lambda word: stemmed.append(word) or real(word))
    fresh = pickle.loads(pickle.dumps(model))
    for one in (fresh, fresh.at_precision(0.9), fresh):
        one.predict(["Police shut sites over rumours."])
    assert sorted(stemmed) == ["over", "police", "rumours", "shut", "sites"]


def test_thresholds_bite(model) -> None:
    proba = model.predict_proba([ALL_FOUR])[0]
    strict = model.with_thresholds({"fraud": float(np.nextafter(proba[2], 1))})
    assert strict.predict([ALL_FOUR])[0].tolist() == [True, True, False, True]
    exact = model.with_thresholds({"fraud": float(proba[2])})
    assert exact.predict([ALL_FOUR])[0, 2]
    # A threshold of 0 is no licence to label what mentions no ground.
    zero = model.with_thresholds(dict.fromkeys(THEMES, 0.0))
    assert not zero.predict(["Rain."]).any()
    with pytest.raises(InputError, match="unknown theme 'spam'"):
        model.with_thresholds({"spam": 0.5})
    with pytest.raises(InputError, match="outside 0 to 1"):
        model.with_thresholds({"fraud": 2})


def test_classifier_and_model_agree(classifier, small) -> None:
    texts = small["text"].tolist()
    assert np.array_equal(classifier.predict(texts), classifier.to_model().predict(texts))
    Y = small[list(THEMES)].to_numpy()
    assert classifier.score(texts, Y) > 0.85 > classifier.score(texts, ~Y)


def test_score_uses_the_thresholds_of_predict(classifier, small) -> None:
    Y = small[list(THEMES)].to_numpy()
    before = classifier.score(small["text"], Y)
    thresholds = classifier.thresholds_
    try:
        classifier.thresholds_ = np.full(4, 0.999)
        assert classifier.score(small["text"], Y) < before - 0.3
    finally:
        classifier.thresholds_ = thresholds


def test_thresholds_come_from_out_of_fold_probabilities(classifier, small) -> None:
    """In-sample probabilities are sharper: the two must differ, else nothing was held out."""
    inside = classifier.predict_proba(small["text"])
    mentioned = inside > 0
    assert np.array_equal(classifier.oof_proba_ > 0, mentioned)
    Y = small[list(THEMES)].to_numpy()
    loss = [np.mean((p - Y)[mentioned] ** 2) for p in (inside, classifier.oof_proba_)]
    assert loss[0] < loss[1]


@pytest.mark.parametrize(
    ("sentences", "Y", "message"),
    [
        (["rumours"], [[1, 0]], "labels have shape"),
        (["rain", "no"], [[1, 0, 0, 0], [0] * 4], "no sentence to train on mentions a ground"),
        (["rumours shut", "no"], [[0] * 4] * 2, r"are labelled with it \(found: 0\)"),
        (["rumours"] * 3, [[1, 0, 0, 0], *[[0] * 4] * 2], r"are labelled with it \(found: 1\)"),
        (["rumours"] * 3, [[1, 0, 0, 0]] * 3, r"are not labelled with it \(found: 0\)"),
    ],
)
@pytest.mark.parametrize("estimator", [ThemeClassifier, EncoderClassifier])
def test_unusable_training_data_are_named(estimator, sentences, Y, message) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        estimator().fit(sentences, Y)
    assert "shape" in message or isinstance(raised.value, InputError)


@pytest.mark.parametrize("seed", range(5))
def test_every_fold_is_scored_by_a_model_that_saw_both_classes(seed) -> None:
    """Two groups hold all labels: with two folds they often fall together."""
    sentences = ["The regulator blocked sites over rumours."] * 2 + ["A rumour spread."] * 10
    Y = np.zeros((12, 4))
    Y[:2, 0] = 1
    fitted = ThemeClassifier(n_folds=2, min_df=1, random_state=seed).fit(sentences, Y)
    assert fitted.oof_proba_[:2, 0].min() > fitted.oof_proba_[2:, 0].max()


def test_contributions_add_up_to_the_logit(model, small) -> None:
    seen = 0
    for text in [ALL_FOUR, *small["text"].tolist()[:60]]:
        proba = model.predict_proba([text])[0]
        for k, entry in enumerate(explain(model, text)):
            assert entry.probability == pytest.approx(proba[k])
            if entry.ground_words:
                total = entry.intercept + sum(c.value for c in entry.contributions)
                assert total == pytest.approx(entry.logit)
                seen += 1
    assert seen > 30


def test_an_explanation_names_both_halves(model) -> None:
    text = "The ministry blocked forty sites that carried obscene videos."
    entry = explain(model, text)[THEMES.index("pornography")]
    assert entry.labelled
    assert entry.ground_words == ("obscene",)
    assert "blocked" in entry.control_words
    other = explain(model, "He stood trial for fraud.")[THEMES.index("fraud")]
    assert other.summary.endswith("mentions fraud, no control of information found on this ground")
    assert explain(model, "Rain.")[0].summary == "rumour_control: no mention of this ground"


def test_prevalence_weights_reach_the_share_asked_for() -> None:
    y = np.array([True] * 30 + [False] * 10 + [True] * 5 + [False] * 95)
    theme = np.repeat([0, 1], [40, 100])
    weights = prevalence_weights(y, theme, 0.25)
    share = (weights * y)[theme == 0].sum() / weights[theme == 0].sum()
    assert share == pytest.approx(0.25)
    assert (weights[theme == 1] == 1).all()
    assert (prevalence_weights(y, theme, 0) == 1).all()
    one_each = prevalence_weights(y, theme, (0, 0.01, 0.5, 0.5))
    assert (one_each[theme == 0] == 1).all()
    assert (one_each * y)[theme == 1].sum() / one_each[theme == 1].sum() == pytest.approx(0.01)


def test_platt_recovers_a_known_curve() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=20_000) * 3
    y = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * scores - 1)))
    slope, offset = fit_platt(scores, y, np.ones(len(y)))
    assert slope == pytest.approx(0.5, abs=0.03)
    assert offset == pytest.approx(-1, abs=0.06)
    assert fit_platt(scores, np.ones_like(y), np.ones(len(y))) == (1.0, 0.0)
    assert fit_platt(-scores, y, np.ones(len(y)))[0] == 1.0


def test_the_threshold_of_best_f1_is_half_of_it() -> None:
    probability = np.array([0.9, 0.8, 0.6, 0.3, 0.1])
    y = np.array([True, True, False, True, False])
    ones = np.ones(5)
    assert best_f1_threshold(probability, y, ones) == pytest.approx(6 / 7 / 2)
    assert best_f1_threshold(probability, y, np.array([1, 1, 9, 1, 1])) == pytest.approx(0.4)
    assert best_f1_threshold(probability, np.zeros(5, bool), ones) == 0.5
    # Equal probabilities fall on one side: the first alone would reach an F1 of 1.
    equal = best_f1_threshold(np.array([0.5, 0.5, 0.2]), np.array([True, False, False]), ones[:3])
    assert equal == pytest.approx(1 / 3)


def test_the_threshold_that_reaches_a_precision() -> None:
    probability = np.array([0.9, 0.8, 0.6, 0.3, 0.1])
    y = np.array([True, True, False, True, False])
    ones = np.ones(5)
    assert precision_threshold(probability, y, ones, 1.0) == pytest.approx(0.7)
    assert precision_threshold(probability, y, ones, 0.75) == pytest.approx(0.2)
    assert precision_threshold(probability, ~y, ones, 0.9) > 1
    # Of two equal probabilities one is wrong: neither can be labelled unread.
    assert precision_threshold(np.array([0.5, 0.5]), np.array([True, False]), ones[:2], 0.9) > 1


def test_a_wanted_precision_leaves_a_band_to_read(model) -> None:
    sure = model.at_precision(0.95)
    proba = np.linspace(0, 1, 101)[:, None].repeat(4, axis=1)
    labelled, left = sure.decide(proba), sure.needs_reading(proba)
    assert not (labelled & left).any()
    assert np.array_equal(labelled | left, model.decide(proba))
    assert left.any()
    assert not model.needs_reading(proba).any()
    frame = sure.label(["The regulator blocked forty sites over rumours."])
    assert list(frame)[-2:] == ["labels", "to_read"]
    with pytest.raises(InputError, match=r"precision of 0\.5"):
        model.at_precision(0.5)
    again, once = sure.at_precision(0.8), model.at_precision(0.8)
    assert np.array_equal(again.thresholds, once.thresholds)
    assert np.array_equal(again.review_from, once.review_from)


@pytest.fixture
def saved(classifier, tmp_path):
    return save(classifier.to_model(note="naïve"), tmp_path / "model")


def test_a_saved_model_gives_the_same_bits(classifier, saved, small) -> None:
    opened = load(saved)
    expected = classifier.predict_proba(small["text"])
    assert np.array_equal(opened.predict_proba(small["text"]), expected)
    assert opened.metadata == {"note": "naïve"}
    assert save(opened, saved.with_name("again")).is_dir()
    for name in ("grounds.parquet", "cues.parquet", "terms.parquet", "model.json"):
        assert (saved / name).read_bytes() == (saved.with_name("again") / name).read_bytes()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(-5, 5))
def test_numbers_survive_saving(classifier, tmp_path_factory, thresholds, intercept) -> None:
    from dataclasses import replace

    changed = replace(classifier.to_model(), thresholds=np.array(thresholds), intercept=intercept)
    opened = load(save(changed, tmp_path_factory.mktemp("saved") / "m"))
    assert opened.thresholds.tolist() == thresholds
    assert opened.intercept == intercept


@pytest.mark.parametrize("name", ["grounds.parquet", "cues.parquet", "terms.parquet", "model.json"])
def test_a_missing_file_is_named(saved, name) -> None:
    (saved / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load(saved)


@pytest.mark.parametrize("name", ["grounds.parquet", "cues.parquet", "terms.parquet"])
def test_a_changed_byte_is_noticed(saved, name) -> None:
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: changed since"):
        load(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d | {"format_version": 99}, "format version 99, this release reads 3"),
        (lambda d: d | {"themes": ["x"]}, "other themes"),
        (lambda d: d | {"intercept": 0.0}, "changed since the model was saved"),
        (lambda d: {"a": 1}, "damaged"),
        (lambda d: [], "damaged"),
    ],
)
def test_a_changed_description_is_noticed(saved, change, message) -> None:
    path = saved / "model.json"
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))))
    with pytest.raises(ModelError, match=message):
        load(saved)


@pytest.mark.parametrize("content", [b'{"caf\xe9": 1}', b"[" * 99_999])
def test_a_description_that_is_no_json_is_damaged(saved, content) -> None:
    (saved / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"model.json: damaged. Get the model again"):
        load(saved)


def test_saving_never_overwrites_what_is_no_model(classifier, tmp_path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("mine")
    with pytest.raises(InputError, match="exists and is not a saved model"):
        save(classifier.to_model(), folder)
    assert (folder / "chapter.txt").read_text() == "mine"


def test_saving_over_a_model_replaces_it_whole(classifier, saved) -> None:
    save(classifier.to_model(note="new"), saved)
    assert load(saved).metadata == {"note": "new"}
    assert [p.name for p in saved.parent.iterdir()] == ["model"]


def test_a_path_needs_neither_mlflow_nor_scikit_learn_nor_pandas(saved) -> None:
    code = (
        "import sys, censorscope\n"
        f"model = censorscope.load({str(saved)!r})\n"
        "model.predict(['Rumours of fraud.'])\n"
        "heavy = {'mlflow', 'sklearn', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_default_model_belongs_to_the_corpus_and_code_beside_it(model) -> None:
    """When this fails: make default-model."""
    development, _ = development_and_test()
    assert model.metadata["data_digest"] == digest(development)
    assert model.metadata["code_digest"] == code_digest()


def test_the_default_model_is_small() -> None:
    assert sum(p.stat().st_size for p in DEFAULT_MODEL.iterdir()) < 5_000_000


def test_load_says_what_is_wrong_with_a_path(tmp_path) -> None:
    with pytest.raises(ModelError, match="no model there"):
        censorscope.load(str(tmp_path))
    copy = tmp_path / "copy"
    shutil.copytree(DEFAULT_MODEL, copy)
    assert hashlib.sha256((copy / "model.json").read_bytes()).digest()
    assert censorscope.load(str(copy)).thresholds.shape == (4,)
