"""The corpus: form, composition, repetition. What a check cannot see is in DATASHEET.md."""

import json

import pytest

from censorscope.data.annotations import (
    CODES,
    agreement,
    composition,
    composition_table,
    read_annotations,
)
from censorscope.data.corpus import CORPUS_DIR, load_corpus, load_splits, shards
from censorscope.data.reader import read_labelled
from censorscope.data.repetition import (
    CONTACT,
    distinct_ngrams,
    distinct_openings,
    near_duplicates,
)
from censorscope.data.themes import THEMES


@pytest.fixture(scope="module")
def corpus():
    return load_corpus()


def test_every_line_is_an_article_of_the_schema() -> None:
    for path in shards():
        for line in path.read_text(encoding="utf-8").splitlines():
            article = json.loads(line)
            assert set(article) - {"year"} == {
                "article_id", "author", "region", "register", "sentences"}  # fmt: skip
            assert 2002 <= article.get("year", 2002) <= 2026
            for sentence in article["sentences"]:
                assert set(sentence) == {"text", "labels"}
                assert sentence["labels"] == [t for t in THEMES if t in sentence["labels"]]
                assert sentence["text"] == " ".join(sentence["text"].split())


@pytest.fixture(scope="module")
def counts(corpus):
    return composition(corpus, read_annotations())


def test_composition(counts) -> None:
    assert counts["sentences"] >= 12_000
    assert counts["articles"] >= 1_100
    assert 0.20 <= counts["labelled"] / counts["sentences"] <= 0.25
    assert counts["two or more themes"] >= 250
    for theme in THEMES:
        assert counts[theme] >= 500
    assert counts["control on other grounds"] >= 0.12 * counts["sentences"]
    assert counts["control words in ordinary senses"] >= 0.12 * counts["sentences"]


@pytest.mark.parametrize(
    ("theme", "times"), [*zip(THEMES, (2, 3, 3, 2), strict=True)], ids=list(THEMES)
)
def test_every_ground_is_also_mentioned_without_control(counts, theme, times) -> None:
    assert counts[f"{theme} mentioned, no theme"] >= times * counts[theme]


def test_every_sentence_was_read_twice_and_disagreements_were_settled(corpus) -> None:
    annotations = read_annotations()
    place = ["article", "sentence"]
    assert annotations[place].equals(corpus[place].astype(annotations[place].dtypes))
    unsettled = annotations["rule"] == ""
    for theme, code in CODES.items():
        first, second = (annotations[c].str.contains(code) for c in ("first", "second"))
        assert (first == second)[unsettled].all()
        assert (corpus[theme] == first)[unsettled].all()
    assert (agreement(annotations)["kappa"] >= 0.8).all()


def test_the_data_sheet_holds_the_composition(counts) -> None:
    sheet = (CORPUS_DIR / "DATASHEET.md").read_text(encoding="utf-8")
    assert composition_table(counts) in sheet, "make corpus-figures"


def test_parts_divide_authors_and_not_only_articles() -> None:
    parts = load_splits()
    authors = {name: set(part["author"]) for name, part in parts.items()}
    assert not authors["test"] & (authors["train"] | authors["validation"])
    assert len(parts["test"]) >= 1200


def test_no_two_sentences_are_nearly_equal(corpus) -> None:
    pairs = near_duplicates(corpus["text"].tolist())
    assert [(corpus["text"][i], corpus["text"][j]) for i, j, _ in pairs] == []


def test_no_sentence_is_nearly_equal_to_the_benchmark(corpus, benchmark_path) -> None:
    benchmark = read_labelled(benchmark_path)["text"].tolist()
    assert near_duplicates(corpus["text"].tolist(), benchmark) == []


def test_near_duplicates_are_found() -> None:
    texts = ["The court upheld the order to block the site.", "Rain fell in the north.",
             "The court upheld an order to block the site."]  # fmt: skip
    assert [(i, j) for i, j, _ in near_duplicates(texts)] == [(0, 2)]
    assert [(i, j) for i, j, _ in near_duplicates(texts[:2], texts[2:])] == [(0, 0)]


def test_wording_is_varied(corpus) -> None:
    """Template text repeats its openings and runs: 0.9 is met by free writing, 0.5 is not unusual
    for slot filling."""
    texts = corpus["text"].tolist()
    assert distinct_openings(texts) > 0.9
    assert distinct_ngrams(texts) > 0.95


def test_lengths_are_those_of_news(corpus) -> None:
    words = corpus["text"].str.split().str.len()
    assert 18 <= words.mean() <= 32
    assert words.quantile(0.9) >= 30
    assert words.max() <= 90


def test_no_contact_details(corpus) -> None:
    assert [text for text in corpus["text"] if CONTACT.search(text)] == []
