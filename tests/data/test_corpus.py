"""The corpus: form, composition, repetition. What a check cannot see is in DATASHEET.md."""

import json

import pytest

from censorscope.data.corpus import load_corpus, load_splits, shards
from censorscope.data.quality import (
    CONTACT,
    composition,
    distinct_ngrams,
    distinct_openings,
    near_duplicates,
)
from censorscope.data.reader import read_labelled
from censorscope.data.themes import THEMES
from censorscope.features.tokens import tokenise
from censorscope.features.vectorizers import GROUNDS_PATH, TermTable
from censorscope.models.theme_model import text_column


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


def test_composition(corpus) -> None:
    counts = composition(corpus)
    assert counts["sentences"] >= 7500
    assert counts["articles"] >= 750
    assert 0.18 <= counts["labelled"] / counts["sentences"] <= 0.25
    assert counts["two or more themes"] >= 200
    for theme in THEMES:
        assert counts[theme] >= 450


def test_every_ground_is_also_mentioned_without_control(corpus) -> None:
    table = TermTable.read(GROUNDS_PATH)
    found = table.find(tokenise(text_column(corpus["text"])))
    for k, theme in enumerate(THEMES):
        rows = set(found.row[table.group_of_term[found.term] == k].tolist())
        without = [r for r in rows if not corpus[theme].iat[r]]
        assert len(without) >= 0.35 * corpus[theme].sum(), theme


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
