import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from censorscope.data.exceptions import InputError
from censorscope.data.themes import THEMES
from censorscope.features.contexts import MAX_KINDS
from censorscope.features.normalise import american, normalise_column
from censorscope.features.terms import Term, TermTable
from censorscope.features.tokens import stem, tokenise
from censorscope.features.vectorizers import (
    GROUNDS_PATH,
    ContextVectorizer,
    make_sentence_vectorizer,
)


@parametrize_with_checks([ContextVectorizer()])
def test_scikit_learn_checks(estimator, check) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("“Fake” news", " fake  news"),
        ("ﬁlm", "film"),
        ("ＦＲＡＵＤ", "fraud"),
        ("por\u200bno", "porno"),
        ("Erdoğan naïve", "erdogan naive"),
        ("PLAIN-text", "plain-text"),
    ],
)
def test_writings_of_one_word_are_made_equal(text: str, normal: str) -> None:
    assert normalise_column(pa.array([text]))[0].as_py().split() == normal.split()


@given(st.lists(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z", "M")))))
def test_normalising_twice_changes_nothing(texts: list[str]) -> None:
    once = normalise_column(pa.array(texts, pa.string()))
    assert len(once) == len(texts)
    assert normalise_column(once).equals(once)


@pytest.mark.parametrize(
    ("british", "us"),
    [("rumours", "rumors"), ("organised", "organized"), ("paedophile", "pedophile"),
     ("licence", "license"), ("labelled", "labeled"), ("programme", "program")],
)  # fmt: skip
def test_british_and_american_have_one_stem(british: str, us: str) -> None:
    assert stem(british) == stem(us)


@pytest.mark.parametrize("word", ["promise", "raise", "four", "your", "advertise", "hour"])
def test_words_that_only_look_british_stay(word: str) -> None:
    assert american(word) == word


@pytest.mark.parametrize(
    ("atom", "words"),
    [
        ("lie", ["lie", "lies", "lied", "lying"]),
        ("die", ["die", "died", "dying"]),
        ("eye", ["eye", "eyes", "eyed"]),
        ("cry", ["cry", "cries", "crying"]),
        ("trade", ["trading", "traded"]),
        ("rumour", ["rumours", "rumor"]),
        ("x", ["x"]),
        ("a", ["a"]),
        ("419", ["7", "2,000"]),
        ("telegram", ["telegram", "whatsapp"]),
        ("por*", ["porous"]),
        ("=isis", ["isis"]),
    ],
)
def test_a_word_of_a_term_finds_its_inflections(atom: str, words: list[str]) -> None:
    found = TermTable([Term("g", atom)]).find(tokenise(pa.array([*words, "rain", ""])))
    assert set(found.row.tolist()) == set(range(len(words)))


def test_ground_and_cue_tables_can_be_read_and_hold_no_term_twice() -> None:
    vectorizer = ContextVectorizer(min_df=1).fit_contexts(pa.array(["rumours of fraud"]))
    for table in (vectorizer.grounds_, vectorizer.cues_):
        assert len(set(table.terms)) == len(table.terms)
    assert vectorizer.grounds_.groups == THEMES


def test_a_name_that_begins_like_a_ground_mentions_none() -> None:
    column = pa.array(["Pornchai and Pornthip host the show.", "A porn site", "Child pornography"])
    assert set(TermTable.read(GROUNDS_PATH).find(tokenise(column)).row.tolist()) == {1, 2}


def test_a_damaged_table_is_refused_with_its_line(tmp_path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("group\tterm\nfraud\tscam*\nfraud scam\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"terms.tsv:3: expected a group, a tab and a term"):
        TermTable.read(path)


def test_a_table_without_a_header_is_refused(tmp_path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("fraud\tscam*\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"terms.tsv:1: the first line is not a header"):
        TermTable.read(path)


def test_more_kinds_of_cue_than_can_be_told_apart_are_refused(tmp_path) -> None:
    path = tmp_path / "cues.tsv"
    rows = "".join(f"kind{i}\tword{i}\n" for i in range(MAX_KINDS + 1))
    path.write_text(f"group\tterm\n{rows}", encoding="utf-8")
    with pytest.raises(ValueError, match="more than 4096 groups"):
        ContextVectorizer(cues=path).fit_contexts(pa.array(["Hoaxes removed"]))


def test_every_one_of_many_kinds_of_cue_is_told_apart(tmp_path) -> None:
    path = tmp_path / "cues.tsv"
    rows = "".join(f"kind{i}\tword{i}\n" for i in range(300))
    path.write_text(f"group\tterm\n{rows}", encoding="utf-8")
    column = pa.array(["Hoaxes word299", "Hoaxes word43"])
    vectorizer = ContextVectorizer(cues=path, min_df=1).fit_contexts(column)
    names = [n for n in vectorizer.get_feature_names_out() if n.startswith("cue=")]
    assert sorted(names) == ["cue=kind299", "cue=kind299 >", "cue=kind43", "cue=kind43 >"]


def test_an_exception_takes_mentions_of_its_own_group_away() -> None:
    table = TermTable(
        [Term("fraud", "fraud*"), Term("fraud", "! voter|election ~ fraud"), Term("other", "fraud")]
    )
    column = pa.array(["Claims of voter fraud were removed", "A fraud at the bank", "Voters met"])
    found = table.find(tokenise(column))
    named = [(int(r), table.terms[t].group) for r, t in zip(found.row, found.term, strict=True)]
    assert named == [(0, "other"), (1, "fraud"), (1, "other")]


@pytest.mark.parametrize("term", ["~", "fake ~", "!", "~ fake", "a|", "|", "=", "fake *"])
def test_a_term_without_a_word_is_refused(term: str) -> None:
    with pytest.raises(InputError, match="no word where one is expected"):
        TermTable([Term("g", term)])


def test_rows_of_the_transformer_are_the_rows_given() -> None:
    pairs = np.array(
        [["Police shut sites over hoaxes", theme] for theme in THEMES] + [["Rain", "fraud"]],
        dtype=object,
    )
    vectorizer = ContextVectorizer(min_df=1).fit(pairs)
    matrix = vectorizer.transform(pairs)
    assert matrix.shape == (5, len(vectorizer.get_feature_names_out()))
    assert (matrix.getnnz(axis=1) > 0).tolist() == [True, False, False, False, False]


def test_the_mention_itself_is_masked() -> None:
    vectorizer = ContextVectorizer(min_df=1).fit_contexts(pa.array(["Police shut hoax sites"]))
    names = vectorizer.get_feature_names_out().tolist()
    assert "bigram=<ground> site" in names
    assert not [n for n in names if "hoax" in n and not n.startswith("ground=")]


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [({"families": ("word", "x")}, "families has"), ({"min_df": 0}, "min_df == 0")],
)
def test_wrong_parameters_are_named(parameters: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ContextVectorizer(**parameters).fit_contexts(pa.array(["rumours"]))


def test_the_plain_vectoriser_sees_words_pairs_and_sub_words() -> None:
    vectorizer = make_sentence_vectorizer(min_df=1).fit(["blocked sites"])
    names = set(vectorizer.get_feature_names_out())
    assert {"word__blocked sites", "word__sites", "char__ site"} <= names
