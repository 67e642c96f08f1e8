"""Training end to end, on a real MLflow store in SQLite."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import censorscope
from censorscope.__main__ import main
from censorscope.data.exceptions import InputError, RegistryError, SettingsError
from censorscope.data.themes import THEMES
from censorscope.models import registry
from censorscope.models.storage import load, save
from censorscope.train import run as run_module
from censorscope.train.learning_curve import SHARES, learning_curve
from censorscope.train.promotion import promote
from censorscope.train.run import describe, run
from censorscope.train.settings import TrainSettings
from censorscope.train.tracking import macro_f1_metric, track


@pytest.fixture(scope="session")
def labelled_file(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own.csv"
    small[["article", "text", *THEMES]].to_csv(path, index=False)
    return path


def quick(labelled_file, folder, **changes) -> TrainSettings:
    return TrainSettings(
        data=(str(labelled_file),),
        output=str(folder / "model"),
        tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
        jobs=1,
        C=(1.0,),
        features=("all", "cues only"),
        folds=3,
        **changes,
    )


@pytest.fixture(scope="session")
def store(labelled_file, tmp_path_factory):
    """A store with two versions: a good one, and a worse one trained with a crippled model."""
    folder = tmp_path_factory.mktemp("store")
    settings = quick(labelled_file, folder)
    result = run(settings)
    run_id, number = track(settings, result)
    return settings, result, run_id, number


def test_the_same_seed_and_data_give_the_same_files(labelled_file, tmp_path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder, jobs in zip(folders, (1, 2), strict=True):
        folder.mkdir()
        run(replace(quick(labelled_file, folder), jobs=jobs))
    for name in ("grounds.parquet", "cues.parquet", "terms.parquet", "model.json"):
        first, second = ((folder / "model" / name).read_bytes() for folder in folders)
        assert first == second, name


def test_held_back_articles_were_not_trained_on(store) -> None:
    _, result, _, _ = store
    assert not set(result.train["article"]) & set(result.test["article"])
    assert result.comparison.n_sentences == len(result.test)


def test_the_learning_curve_ends_at_the_whole_training_part(store) -> None:
    settings, result, _, _ = store
    halves = {"first": result.test.iloc[::2], "second": result.test.iloc[1::2]}
    curve = learning_curve(settings, result.chosen.params, result.train, halves, seeds=(0, 1))
    assert list(curve) == ["share", "seed", "sentences", "first", "second"]
    assert curve[["share", "seed"]].to_numpy().tolist() == [[s, i] for s in SHARES for i in (0, 1)]
    whole = curve[curve["share"] == 1]
    assert (whole["sentences"] == len(result.train)).all()
    for name, half in halves.items():
        expected = result.chosen.classifier.score(half["text"], half[list(THEMES)].to_numpy())
        assert whole[name].tolist() == [expected, expected]
    # The articles of the smaller shares are drawn by the seed; those of the run by its own.
    first, second = (curve.loc[curve["seed"] == seed, "sentences"].tolist() for seed in (0, 1))
    assert first[:-1] != second[:-1]
    assert result.learning_curve["sentences"].tolist() == first == sorted(first)


def test_shares_that_do_not_suffice_for_a_fit_are_left_out(store) -> None:
    settings, result, _, _ = store
    few = result.train[result.train["article"].isin(result.train["article"].unique()[:6])]
    curve = learning_curve(settings, result.chosen.params, few, {"test": result.test}, seeds=(0,))
    assert 0 < len(curve) < len(SHARES)


def test_a_run_holds_what_it_was_made_of(store) -> None:
    settings, result, run_id, number = store
    with registry.connect(settings.tracking_uri) as client:
        tracked = client.get_run(run_id)
        files = {f.path for f in client.list_artifacts(run_id)}
        plots = {f.path for f in client.list_artifacts(run_id, "plots")}
        children = client.search_runs(
            [tracked.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'"
        )
    assert tracked.data.params["chosen_features"] == result.chosen.params["features"]
    assert tracked.data.params["expected_prevalence"] == "0.15, 0.1, 0.1, 0.3"
    assert tracked.data.tags["data_digest"] == result.model.metadata["data_digest"]
    assert tracked.data.tags["package_numpy"] == np.__version__
    assert tracked.data.tags["model_version"] == str(number)
    assert tracked.inputs.dataset_inputs[0].dataset.name == "censorscope training"
    for theme in (*THEMES, "macro", "micro"):
        for metric in ("precision", "recall", "f1", "average_precision", "brier", "support"):
            assert f"{theme}.{metric}" in tracked.data.metrics
    assert {"worst_errors.json", "model_card.md", "comparison.txt", "data"} <= files
    assert {f"{n}.json" for n in (
        "behaviour_cases", "behaviour_changes", "names_exchanged", "slices")} <= files  # fmt: skip
    for metric in (
        "behaviour.pass", "behaviour.pass.act_or_message", "behaviour.flip.OCR_noise",
        "names_exchanged.flip_rate",
    ):  # fmt: skip
        assert 0 <= tracked.data.metrics[metric] <= 1
    assert {f"plots/{n}.png" for n in (
        "precision_recall", "calibration", "confusion", "learning_curve", "top_terms")} <= plots  # fmt: skip
    assert len(children) == len(result.candidates) == 2
    assert sum(c.data.tags["chosen"] == "True" for c in children) == 1


def test_the_registered_model_labels_like_the_saved_one(store, monkeypatch) -> None:
    import mlflow

    settings, result, _, number = store
    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.tracking_uri)
    texts = result.test["text"].tolist()
    expected = load(result.path).predict_proba(texts)
    by_uri = censorscope.load(f"models:/censorscope/{number}")
    assert np.array_equal(by_uri.predict_proba(texts), expected)
    with registry.connect(settings.tracking_uri):
        served = mlflow.pyfunc.load_model(f"models:/censorscope/{number}")
        frame = served.predict(pd.DataFrame({"text": texts}))
        schema = served.metadata.signature
    assert np.array_equal(frame[list(THEMES)].to_numpy(), expected)
    assert len(frame) == len(texts)
    assert schema.inputs.input_names() == ["text"]
    assert schema.outputs.input_names() == ["text", *THEMES, "labels"]


def test_versions_are_promoted_with_evidence_and_rolled_back(
    labelled_file, tmp_path, capsys
) -> None:
    settings = quick(labelled_file, tmp_path)
    uri = settings.tracking_uri
    good = run(settings)
    track(settings, good)
    first = promote(uri)
    assert (first.challenger, first.champion, first.promoted) == (1, None, True)

    # A model that labels almost nothing has to be refused, and can be forced.
    poor = good.model.with_thresholds(dict.fromkeys(THEMES, 1.0))
    save(poor, settings.output)
    track(settings, replace(good, model=poor))
    refused = promote(uri)
    assert not refused.promoted
    assert refused.difference is not None
    assert refused.difference.high < 0
    assert main(["promote", "--tracking-uri", uri]) == 1
    assert "version 2 stays @challenger: against version 1" in capsys.readouterr().out
    forced = promote(uri, force="to see the UI")
    assert forced.promoted
    assert "forced: to see the UI" in forced.reason

    # The good one again: now it beats the champion.
    save(good.model, settings.output)
    track(settings, good)
    third = promote(uri)
    assert third.promoted
    assert third.difference is not None
    assert third.difference.low > 0
    with registry.connect(uri) as client:
        tags = client.get_model_version("censorscope", "3").tags
        description = client.get_model_version("censorscope", "3").description
        assert registry.rollback(client) == (3, 2)
        listed = registry.versions(client)
    assert tags["promotion_difference"] == f"{third.difference.value:.4f}"
    assert "against version 2" in description
    assert [v.number for v in listed] == [3, 2, 1]
    assert listed[1].aliases == ("champion",)
    assert [p.until is None for p in listed[1].periods] == [False, True]
    assert listed[1].periods[-1].reason == "rolled back from version 3"
    assert listed[0].periods[0].until == listed[1].periods[1].since


@pytest.mark.parametrize(
    ("metrics", "promoted", "told"),
    [
        (
            {"censorscope": 0.3, "keyword list": 0.3},
            False,
            "0.300 on the held-back articles is not",
        ),
        ({"censorscope": 0.3, "keyword list": 0.29}, True, "first champion"),
        ({"censorscope": 0.0}, False, "is not above 0"),
        ({"censorscope": 0.01}, True, "first champion"),
        ({}, False, "is not above 0"),
    ],
    ids=str,
)
def test_the_first_champion_has_to_beat_the_keyword_list(
    tmp_path, capsys, metrics, promoted, told
) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with registry.connect(uri, create=True) as client:
        made = client.create_run(client.create_experiment("trial")).info.run_id
        for system, value in metrics.items():
            client.log_metric(made, macro_f1_metric(system), value)
        client.create_registered_model(registry.MODEL_NAME)
        client.create_model_version(registry.MODEL_NAME, str(tmp_path), made)
        client.set_registered_model_alias(registry.MODEL_NAME, registry.CHALLENGER, "1")
    assert main(["promote", "--tracking-uri", uri]) == (0 if promoted else 1)
    assert told in capsys.readouterr().out
    with registry.connect(uri) as client:
        champion = registry.version_of(client, registry.CHAMPION)
    assert (champion is not None) == promoted
    if not promoted:
        assert main(["promote", "--tracking-uri", uri, "--force", "a trial"]) == 0
        assert "is now @champion: forced: a trial (as first" in capsys.readouterr().out


def test_a_run_logs_what_the_first_champion_is_judged_by(store) -> None:
    settings, result, run_id, _ = store
    with registry.connect(settings.tracking_uri) as client:
        metrics = client.get_run(run_id).data.metrics
    for system in ("censorscope", "keyword list"):
        assert metrics[macro_f1_metric(system)] == result.comparison.macro_f1[system].value


@pytest.mark.parametrize("reason", ["", "  "])
def test_force_takes_a_reason(store, capsys, reason) -> None:
    uri = store[0].tracking_uri
    assert main(["promote", "--tracking-uri", uri, "--force", reason]) == 2
    assert capsys.readouterr().err == (
        'censorscope: the reason for promoting by force is empty. Write why: --force "REASON".\n'
    )
    with registry.connect(uri) as client:
        assert registry.version_of(client, registry.CHAMPION) is None


@pytest.mark.parametrize("given", [None, "sqlite:///of-the-user.db"])
def test_opening_a_store_leaves_the_environment_as_it_was(store, monkeypatch, given) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if given:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", given)
    with registry.connect(store[0].tracking_uri):
        pass
    assert registry.tracking_uri() == (given or registry.DEFAULT_TRACKING_URI)


def deleted_experiment(path) -> str:
    uri = f"sqlite:///{path}"
    with registry.connect(uri, create=True) as client:
        client.delete_experiment(client.create_experiment(TrainSettings().experiment))
    return uri


def no_database(path) -> str:
    path.write_text("no database")
    return f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("make_uri", "message"),
    [
        (no_database, "file is not a database"),
        (deleted_experiment, "deleted"),
    ],
)
def test_a_bad_store_is_named_before_anything_is_fitted(
    labelled_file, tmp_path, capsys, make_uri, message
) -> None:
    config = tmp_path / "quick.toml"
    config.write_text('C = 1.0\nfeatures = "all"\nfolds = 3\njobs = 1\n')
    output, uri = tmp_path / "model", make_uri(tmp_path / "store.db")
    capsys.readouterr()
    arguments = ["--data", str(labelled_file), "--config", str(config), "--output", str(output)]
    assert main(["train", *arguments, "--tracking-uri", uri]) == 2
    read, error = capsys.readouterr().err.splitlines()
    assert read.startswith("read ")
    assert str(tmp_path / "store.db") in error
    assert message in error
    assert not output.exists()


def test_a_missing_store_is_not_made_by_looking(tmp_path) -> None:
    uri = f"sqlite:///{tmp_path / 'no.db'}"
    with pytest.raises(RegistryError, match=r"no\.db: no tracking store there"):
        promote(uri)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_version_is_a_clear_error(store, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store[0].tracking_uri)
    with pytest.raises(RegistryError, match="99"):
        censorscope.load("models:/censorscope/99")


def test_settings_come_from_defaults_file_and_flags(tmp_path) -> None:
    path = tmp_path / "s.toml"
    path.write_text('seed = 3\nC = [0.5, 2]\nfeatures = "all"\njobs = 1\n')
    settings = TrainSettings.read(path, jobs=4, output=None)
    assert (settings.seed, settings.C, settings.features) == (3, (0.5, 2.0), ("all",))
    assert (settings.jobs, settings.output) == (4, TrainSettings().output)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("rumours were heard", "")] * 20, r"are labelled with it \(found: 0\)\. Give more"),
        ([("it rained", "fraud"), ("it snowed", "")] * 10, r"mentions a ground\. Give news"),
    ],
    ids=["no label", "no mention"],
)
def test_data_that_teach_nothing_are_named(tmp_path, rows, message, jobs) -> None:
    path = tmp_path / "own.csv"
    frame = pd.DataFrame(rows, columns=["text", "labels"])
    frame.assign(article=[f"a{i}" for i in range(len(frame))]).to_csv(path, index=False)
    with pytest.raises(InputError, match=message):
        run(replace(quick(path, tmp_path), jobs=jobs))
    assert list(tmp_path.iterdir()) == [path]


def test_two_articles_do_not_suffice(labelled_file, tmp_path) -> None:
    frame = pd.read_csv(labelled_file)
    path = tmp_path / "own.csv"
    frame[frame["article"].isin(frame["article"].unique()[:2])].to_csv(path, index=False)
    with pytest.raises(InputError, match="training takes two articles"):
        run(quick(path, tmp_path))


def test_the_facts_say_what_calibration_comes_from(store) -> None:
    settings, result, run_id, _ = store
    assert describe(settings, result)["calibration"].endswith("with folds by article")
    by_author = replace(result, train=result.train.assign(author=result.train["article"]))
    assert describe(settings, by_author)["calibration"].endswith("with folds by author")
    encoder = describe(replace(settings, scorer="encoder"), by_author)["calibration"]
    assert "held out by author" in encoder
    with registry.connect(settings.tracking_uri) as client:
        note = client.get_run(run_id).data.tags["mlflow.note.content"]
    assert "out-of-fold predictions with folds by article." in note


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed = 3", r"s.toml: unknown setting 'sed'. Known are data"),
        ('seed = "3"', r"s.toml: the setting seed is '3', expected int"),
        ("folds = 1", r"the setting folds = 1 is out of range"),
        ('features = ["x"]', r"features = \('x',\) is out of range. Features are all"),
        ("C = 0", r"the setting C = \(0.0,\) is out of range"),
        ("C = [1, nan]", r"the setting C = \(1.0, nan\) is out of range"),
        ("C = inf", r"the setting C = \(inf,\) is out of range"),
        ("seed = -1", r"the setting seed = -1 is out of range"),
        ("expected_prevalence = [0.1, 0.2]", r"out of range. Give one share, or 4"),
        ("expected_prevalence = 1", r"expected_prevalence = \(1.0,\) is out of range"),
        ("seed = ", r"s.toml: not TOML"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, message) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        TrainSettings.read(path)


def test_settings_of_a_run_are_in_the_model_but_not_where_it_went(store) -> None:
    _, result, _, _ = store
    description = json.loads((result.path / "model.json").read_text(encoding="utf-8"))
    assert description["metadata"]["settings"]["folds"] == 3
    assert str(result.path.parent) not in json.dumps(description)


def test_the_code_digest_sees_a_change(monkeypatch, tmp_path) -> None:
    (tmp_path / "features").mkdir()
    source = tmp_path / "features" / "a.py"
    source.write_text("x = 1\n")
    monkeypatch.setattr(run_module, "_ROOT", tmp_path)
    before = run_module.code_digest()
    source.write_bytes(b"x = 1\r\n")
    assert run_module.code_digest() == before
    source.write_text("x = 2\n")
    assert run_module.code_digest() != before
