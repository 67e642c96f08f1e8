"""Labelling on a real Spark in local mode: two worker processes, a broadcast, Arrow between them."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from censorscope import __version__
from censorscope.__main__ import main
from censorscope.data.exceptions import InputError, MissingExtraError, ModelError
from censorscope.data.themes import THEMES
from censorscope.models.spark import _Carried, _label_batches, _parts, label_dataframe

SENTENCES = ["sentence", "start", "end", "text", *THEMES, "labels"]
SHUT = "The regulator shut 40 sites that sold obscene videos."
ODD_TEXTS = [
    f"{SHUT} Rain fell.\nSign up to our newsletter\nRain fell.",
    "",
    None,
    " \u2003\n\x1c ",
    "Sign up to our newsletter",
    "Zażółć «слухи» 谣言 🙈 rumours were deleted.\r\nTwo\u2028lines",
    "word " * 3000,
]


@pytest.fixture(scope="module")
def spark():
    """A session with two local cores; skipped where there is no Spark or no Java for it."""
    sql = pytest.importorskip("pyspark.sql", reason="no pyspark (make test-spark installs it)")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("no Java for Spark")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            sql.SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "50")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


pytestmark = [
    # pyspark 4.3 says at every turn that it does not know pandas 3 well yet; we pass it Arrow only.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


@pytest.fixture
def archive(development, tmp_path) -> Path:
    """Articles of the corpus and odd texts, one a row."""
    articles = [" ".join(t) for _, t in development.groupby("article")["text"]][:300]
    texts = [*articles, *ODD_TEXTS]
    table = pa.table({"url": [f"u{i:04}" for i in range(len(texts))], "body": texts})
    path = tmp_path / "archive.parquet"
    pq.write_table(table, path)
    return path


@pytest.mark.spark
def test_the_labels_are_those_of_one_machine(spark, model, archive, tmp_path) -> None:
    from pyspark.sql import Observation

    out = tmp_path / "single.parquet"
    assert main(["label", str(archive), "--text-column", "body", "--output", str(out)]) == 0
    single = pd.read_parquet(out).rename(columns={"document": "url"})
    single = single.sort_values(["url", "sentence"], ignore_index=True)

    observation = Observation()
    df = spark.read.parquet(str(archive)).repartition(5)
    labelled = label_dataframe(df, model, "body", observation=observation)
    assert labelled.columns == ["url", *SENTENCES]
    rows = labelled.orderBy("url", "sentence").toArrow().to_pandas()

    assert len(rows) > 2000
    whole = ["url", "sentence", "start", "end", "text", "labels"]
    pd.testing.assert_frame_equal(rows[whole], single[whole])
    np.testing.assert_allclose(rows[[*THEMES]], single[[*THEMES]], atol=1e-12)
    assert rows["labels"].str.len().gt(0).sum() > 300
    assert observation.get == {
        "documents": single["url"].nunique(),
        "empty": 4,
        "sentences": len(single),
        "labelled": int((single["labels"] != "").sum()),
    }


@pytest.mark.spark
def test_other_columns_are_repeated_on_each_sentence(spark, model) -> None:
    columns = (
        "named_struct('name', 'Asia Daily', 'tags', array('a', null)) AS source, 7 AS id, "
        "timestamp'2026-01-02 03:04:05' AS published, map('k', 1.5D) AS more"
    )
    df = spark.sql(f"SELECT {columns}, '{SHUT} Rain fell.' AS text")
    first, second = label_dataframe(df, model).orderBy("sentence").collect()
    (given,) = df.drop("text").collect()
    assert first.asDict().items() >= given.asDict().items()
    assert second.asDict().items() >= given.asDict().items()
    assert (first["labels"], second["labels"]) == ("pornography", "")


@pytest.mark.spark
def test_bytes_that_are_no_utf8_cost_their_row_alone(spark, model) -> None:
    from pyspark.sql import Observation

    df = spark.sql(f"SELECT 1 AS id, cast(X'ff41' AS string) AS text UNION ALL SELECT 2, '{SHUT}'")
    observation = Observation()
    labelled = label_dataframe(df.coalesce(1), model, observation=observation)
    assert [(row["id"], row["labels"]) for row in labelled.collect()] == [(2, "pornography")]
    assert observation.get == {"documents": 1, "empty": 1, "sentences": 1, "labelled": 1}


@pytest.mark.spark
def test_no_rows_give_no_rows(spark, model) -> None:
    df = spark.createDataFrame([], "id int, text string")
    assert label_dataframe(df, model).collect() == []


@pytest.mark.spark
def test_thresholds_go_with_the_model(spark, model) -> None:
    df = spark.createDataFrame([(SHUT,)], "text string")
    strict = model.with_thresholds({"pornography": 1.0})
    assert [row["labels"] for row in label_dataframe(df, strict).collect()] == [""]


class _Probe:
    """Leaves a file behind each time it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self):
        return tempfile.mkstemp, ("", "opened-", self.folder)


@pytest.mark.spark
def test_the_model_is_opened_once_in_each_worker(spark, model, tmp_path) -> None:
    probed = replace(model, metadata={"probe": _Probe(tmp_path)})
    df = spark.createDataFrame([(SHUT,)] * 24, "text string").repartition(12)
    labelled = label_dataframe(df, probed)
    assert labelled.count() == 24
    assert labelled.where("labels = 'pornography'").count() == 24
    # 24 tasks, two at a time.
    assert 1 <= len(list(tmp_path.glob("opened-*"))) <= 2


@pytest.mark.spark
@pytest.mark.parametrize(
    ("columns", "text_column", "message"),
    [
        ("1 AS id, 'x' AS text", "body", "no column 'body'; there are id, text"),
        ("1 AS text", "text", "column 'text' is of type int, not string"),
        ("'x' AS body, 'y' AS text", "body", "would hold two columns 'text'"),
        ("'x' AS text, 1 AS Fraud", "text", "would hold two columns 'fraud'"),
        ("'x' AS text, 1 AS a, 2 AS a", "text", "would hold two columns 'a'"),
        ("'x' AS text, 'y' AS text", "text", "would hold two columns 'text'"),
        ("'x' AS body, 'y' AS body", "body", "would hold two columns 'body'"),
    ],
)
def test_unusable_columns_are_named(spark, model, columns, text_column, message) -> None:
    with pytest.raises(InputError, match=message):
        label_dataframe(spark.sql(f"SELECT {columns}"), model, text_column)


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
def test_spark_connect_gives_the_same(tmp_path) -> None:
    """In a process of its own: one process cannot hold a classic session and a remote one."""
    pytest.importorskip("grpc", reason="no Spark Connect (make test-spark installs it)")
    code = (
        "import censorscope\n"
        "from pyspark.sql import Observation, SparkSession\n"
        "from censorscope.models.spark import label_dataframe\n"
        "spark = SparkSession.builder.remote('local[1]').getOrCreate()\n"
        f"df = spark.createDataFrame([(1, {SHUT!r}), (2, None)], 'id int, text string')\n"
        "seen = Observation()\n"
        "rows = label_dataframe(df, censorscope.load(), observation=seen).collect()\n"
        "print(type(df).__module__, [(r.id, r.labels) for r in rows], seen.get, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == [
        "pyspark.sql.connect.dataframe",
        "[(1, 'pornography')]",
        "{'documents': 1, 'empty': 1, 'sentences': 1, 'labelled': 1}",
    ]


def test_without_pyspark_the_extra_is_named(model, monkeypatch) -> None:
    for name in ("pyspark", "pyspark.sql"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'censorscope\[spark\]'"):
        label_dataframe(object(), model)


def test_a_worker_of_another_release_is_named(model) -> None:
    with pytest.raises(ModelError, match=r"the driver 0\.0\.7"):
        next(_label_batches(model, "0.0.7", "text", []))


def test_batches_are_cut_by_length(monkeypatch) -> None:
    monkeypatch.setattr("censorscope.models.spark.BATCH_CHARACTERS", 10)
    texts = ["", "aaaa", None, "bbbb", "c" * 95, None, "d", "eé"]
    batch = pa.record_batch({"n": range(8), "text": texts})
    parts = [part["text"].to_pylist() for part in _parts(batch, "text")]
    assert parts == [["", "aaaa", None, "bbbb", "c" * 95], [None, "d", "eé"]]
    assert list(_parts(batch.slice(0, 0), "text")) == []


def test_results_are_cut_by_the_length_of_what_is_repeated(model, monkeypatch) -> None:
    monkeypatch.setattr("censorscope.models.spark.MAX_COLUMN_BYTES", 100)
    texts = ["One sentence. Two of them. Three of them.", "One."]
    urls = pa.record_batch({"n": [1, 2], "url": ["u" * 40, None], "text": texts})
    tags = pa.record_batch({"tags": [["t" * 90], []], "text": texts})
    cut = [_label_batches(_Carried(model), __version__, "text", [b]) for b in (urls, tags)]
    by_url, by_tags = ([part["sentence"].to_pylist() for part in parts] for parts in cut)
    assert by_url == [[0, 1], [2, 0]], "100 bytes hold two of 40"
    assert by_tags == [[0], [1], [2], [0]]
