import pytest
from hypothesis import given
from hypothesis import strategies as st

from censorscope.data.sentences import MAX_SENTENCE, split_article


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_offsets_are_exact_and_in_order(text: str) -> None:
    sentences, dropped = split_article(text)
    end = 0
    starts, texts = [*sentences.starts, *dropped.starts], [*sentences.texts, *dropped.texts]
    for start, passage in sorted(zip(starts, texts, strict=True)):
        assert start >= end
        end = start + len(passage)
        assert text[start:end] == passage
        assert passage == passage.strip() != ""


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    article = split_article(text, keep_furniture=True)
    kept = "".join(article.sentences.texts)
    assert "".join(kept.split()) == "".join(text.split())
    assert article.dropped.texts == []


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
    assert split_article(text).sentences.texts == sentences


@pytest.mark.parametrize(
    "line",
    ["Advertisement", "Read more: Ferry inquiry opens", "Share this article", "More about",
     "© 2020 The Courier", "Copyright 2019 Courier Ltd.", "(c) 2021 Courier", "Photo: A. Reuter",
     "Picture courtesy of the harbour office", "Sign up for our daily newsletter",
     "All rights reserved.", "Purchase this article for republication."],
)  # fmt: skip
def test_page_furniture_is_dropped_and_said(line: str) -> None:
    article = split_article(f"The ferry sank.\n{line}\nTwo died.")
    assert article.sentences.texts == ["The ferry sank.", "Two died."]
    assert article.dropped.texts == [line]


@pytest.mark.parametrize(
    "line",
    ["Register to vote by Friday, residents told", "Sign up for jabs, says minister",
     "Advertisement rules for lenders tightened", "Read more books, a judge tells vandals",
     "(c) The regulator blocked forty sites that spread rumours about the dam.",
     "Copyright law was used to block forty sites that spread rumours.",
     "Picture: police blocked forty sites over rumours.",
     "Subscribe to channels that spread rumours and the inbox of newsletters is blocked.",
     "Share this burden, bishops ask", "Follow us, said the guide, and they did"],
)  # fmt: skip
def test_lines_that_only_look_like_furniture_stay(line: str) -> None:
    assert split_article(line).sentences.texts == [line]


def test_a_headline_printed_twice_counts_once() -> None:
    article = split_article("Sites shut\n\nSites shut\n\nBody.")
    assert article.sentences.texts == ["Sites shut", "Body."]


def test_an_endless_sentence_is_cut_at_a_space() -> None:
    article = split_article("word " * 1000)
    assert all(len(sentence) <= MAX_SENTENCE for sentence in article.sentences.texts)
    assert sum(sentence.count("word") for sentence in article.sentences.texts) == 1000


@pytest.mark.parametrize("space", [chr(c) for c in range(0x80, 0x3100) if chr(c).isspace()])
def test_any_white_space_may_stand_before_a_full_stop(space: str) -> None:
    text = f"He had a Plan B{space}. J{space}. Smith agreed."
    sentences, _ = split_article(text)
    assert "".join("".join(sentences.texts).split()) == "".join(text.split())
    assert all(text[start:].startswith(s) for start, s in zip(*sentences, strict=True))


def test_half_a_character_becomes_a_question_mark_in_its_place() -> None:
    text = "Fraud \ud800 was blocked. And\udfff more."
    whole = text.replace("\ud800", "?").replace("\udfff", "?")
    sentences = split_article(text).sentences
    assert sentences.texts[0] == "Fraud ? was blocked."
    assert all(whole[start:].startswith(s) for start, s in zip(*sentences, strict=True))
    assert sentences.starts[-1] + len(sentences.texts[-1]) == len(text)
