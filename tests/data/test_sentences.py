import pytest
from hypothesis import given
from hypothesis import strategies as st

from censorscope.data.sentences import MAX_SENTENCE, split_article


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_offsets_are_exact_and_in_order(text: str) -> None:
    article = split_article(text)
    end = 0
    for sentence in sorted((*article.sentences, *article.dropped), key=lambda s: s.start):
        assert sentence.start >= end
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.text == sentence.text.strip() != ""
        end = sentence.end


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    article = split_article(text, keep_furniture=True)
    kept = "".join(s.text for s in article.sentences)
    assert "".join(kept.split()) == "".join(text.split())
    assert article.dropped == ()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "Dr. Ada Obi said the U.S. firm shut 3.5 million accounts. It named none.",
            ["Dr. Ada Obi said the U.S. firm shut 3.5 million accounts.", "It named none."],
        ),
        ("A headline\n\nA line. Another.", ["A headline", "A line.", "Another."]),
        ("\n \n", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [s.text for s in split_article(text).sentences] == sentences


@pytest.mark.parametrize(
    "line",
    ["Advertisement", "Read more: Ferry inquiry opens", "Share this article", "More about",
     "Sign up for our daily newsletter", "All rights reserved.", "Purchase this article for republication."],
)  # fmt: skip
def test_page_furniture_is_dropped_and_said(line: str) -> None:
    article = split_article(f"The ferry sank.\n{line}\nTwo died.")
    assert [s.text for s in article.sentences] == ["The ferry sank.", "Two died."]
    assert [s.text for s in article.dropped] == [line]


@pytest.mark.parametrize(
    "line",
    ["Register to vote by Friday, residents told", "Sign up for jabs, says minister",
     "Advertisement rules for lenders tightened", "Read more books, a judge tells vandals",
     "Share this burden, bishops ask", "Follow us, said the guide, and they did"],
)  # fmt: skip
def test_lines_that_only_look_like_furniture_stay(line: str) -> None:
    assert [s.text for s in split_article(line).sentences] == [line]


def test_a_headline_printed_twice_counts_once() -> None:
    article = split_article("Sites shut\n\nSites shut\n\nBody.")
    assert [s.text for s in article.sentences] == ["Sites shut", "Body."]


def test_an_endless_sentence_is_cut_at_a_space() -> None:
    article = split_article("word " * 1000)
    assert all(len(s.text) <= MAX_SENTENCE for s in article.sentences)
    assert sum(s.text.count("word") for s in article.sentences) == 1000


def test_half_a_character_becomes_a_question_mark_in_its_place() -> None:
    text = "Fraud \ud800 was blocked. And\udfff more."
    whole = text.replace("\ud800", "?").replace("\udfff", "?")
    sentences = split_article(text).sentences
    assert sentences[0].text == "Fraud ? was blocked."
    assert all(whole[s.start : s.end] == s.text for s in sentences)
    assert sentences[-1].end == len(text)
