"""The fast path and the plain reference give one and the same matrix."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import censorscope
from censorscope.features import lexicon as lexicon_module
from censorscope.features.columns import coded
from censorscope.features.lexicon import Lexicon, PerWord
from censorscope.features.lookup import PairLookup
from censorscope.features.terms import Term, TermTable
from censorscope.features.tokens import tokenise
from censorscope.features.vectorizers import ContextVectorizer


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "reference", Path(__file__).with_name("reference.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = _reference()

PIECES = [
    "rumours", "Rumor", "RUMOURS", "fake", "news", "terrorism", "terror-related", "bomb", "fraud",
    "porn\u200bography", "obscene", "ﬁlms", "ｆｒａｕｄ", "“hoax”", "scam's", "child", "abuse",
    "images", "blocked", "removed", "posts", "the", "organised", "police", "arrested", "2,300",
    "naïve", "Ünï", "日本", "😀", "—", "...", "ß", "İstanbul", "ministry", "false", "and", "reports",
    "\t", "\n", "", "e\u0301", "adult", "licence", "sites", "base",
]  # fmt: skip
wild_text = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(st.characters(max_codepoint=0x2FFF, categories=(
        "Lu", "Ll", "Nd", "Po", "Zs", "Mn", "Pd")), max_size=6)),
    max_size=14,
).map(" ".join)  # fmt: skip


def assert_equal_to_reference(texts: list[str], min_df: int) -> None:
    vectorizer = ContextVectorizer(min_df=min_df).fit_contexts(pa.array(texts, pa.string()))
    contexts = vectorizer.contexts(pa.array(texts, pa.string()))
    matrix = vectorizer.matrix(contexts)
    names = list(vectorizer.get_feature_names_out())
    rows, expected_names, expected = reference.vectorise(
        texts, vectorizer.grounds_, vectorizer.cues_, min_df=min_df
    )
    assert list(zip(contexts.row.tolist(), contexts.theme.tolist(), strict=True)) == rows
    assert sorted(names) == sorted(expected_names)
    order = [names.index(name) for name in expected_names]
    np.testing.assert_allclose(matrix[:, order].toarray(), expected.toarray(), atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(wild_text, min_size=1, max_size=6))
def test_wild_text_gives_the_matrix_of_the_reference(texts: list[str]) -> None:
    # One sentence that always mentions grounds: an empty vocabulary has no matrix.
    assert_equal_to_reference([*texts, "Police shut sites over rumours and porn."], min_df=1)


def test_corpus_text_gives_the_matrix_of_the_reference(small) -> None:
    assert_equal_to_reference(small["text"].tolist()[:150], min_df=2)


@settings(max_examples=150, deadline=None)
@given(st.lists(wild_text, max_size=8))
def test_tokens_are_those_of_the_reference(texts: list[str]) -> None:
    tokens = tokenise(pa.array(texts, pa.string()))
    found = [
        [tokens.words[c] for c in tokens.codes[a:b]]
        for a, b in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)
    ]
    assert found == [reference.words(text) for text in texts]


def test_a_sliced_column_is_tokenised_like_its_copy() -> None:
    column = pa.array(["zero words", "one, two", "", "three"])
    part = tokenise(column.slice(1, 2))
    assert part.words == ["one", "two"]
    assert part.offsets.tolist() == [0, 2, 2]


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("rumour", "Rumours spread", ["rumours"]),
        ("terror*", "Counterterror and terrorists", ["terrorists"]),
        ("=isis", "ISIS but not crisis", ["isis"]),
        ("fake ~ report|story", "fake and misleading stories", ["fake and misleading stories"]),
        ("fake ~ report", "fake one two reports", ["fake one two reports"]),
        ("fake ~ report", "fake one two three reports", []),
        ("fake report", "fake news report", []),
        ("rumor*", "rumour-mongers", ["rumour"]),
    ],
)
def test_a_term_finds_what_its_syntax_says(term: str, text: str, found: list[str]) -> None:
    tokens = tokenise(pa.array([text]))
    spans = TermTable([Term("g", term)]).find(tokens)
    words = [
        " ".join(tokens.words[c] for c in tokens.codes[a:b])
        for a, b in zip(spans.start, spans.end, strict=True)
    ]
    assert words == found


def test_a_term_never_reaches_into_the_next_sentence() -> None:
    spans = TermTable([Term("g", "fake ~ news")]).find(tokenise(pa.array(["a fake", "news item"])))
    assert len(spans.term) == 0


def calls_of(function: Callable[[], object]) -> int:
    """Count the calls that Python makes in a function, of Python and of C functions alike."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def test_python_level_work_does_not_grow_with_repeated_sentences(small) -> None:
    """The loops run over distinct words: ten times the text, the same calls."""
    model = censorscope.load()
    text = small["text"].tolist()[:300]
    once, often = (pa.array(text * n, pa.string()) for n in (2, 20))
    model.predict_proba(once)
    assert calls_of(lambda: model.predict_proba(often)) == calls_of(
        lambda: model.predict_proba(once)
    )


def test_a_word_is_worked_out_once(monkeypatch) -> None:
    from censorscope.features import contexts as module

    stemmed: list[str] = []
    real = module.stem

    def counting(word: str) -> str:
        stemmed.append(word)
        return real(word)

    monkeypatch.setattr(module, "stem", counting)
    model = censorscope.load()
    sentence = "Police shut 40 sites over rumours about the flood."
    model.predict([sentence] * 100)
    model.predict([f"{sentence} The floods"])
    assert sorted(stemmed) == sorted(
        ["police", "shut", "40", "sites", "over", "rumours", "about", "the", "flood", "floods"]
    )


def words_of(*words: str) -> pa.StringArray:
    return pa.array(words, pa.string())


def test_words_keep_their_numbers_until_the_lexicon_is_full(monkeypatch) -> None:
    monkeypatch.setattr(lexicon_module, "MAX_WORDS", 2)
    lexicon, lengths = Lexicon(), PerWord(len)
    numbers, words = lexicon.encode(words_of("rumour ", "hoax", "rumour"))
    assert lengths(words)[numbers].tolist() == [6, 4, 6]
    again, same = lexicon.encode(words_of("hoax", "lie "))
    assert same is words
    assert [words[n] for n in again] == ["hoax", "lie"]
    assert lengths(same)[again].tolist() == [4, 3]
    numbers, others = lexicon.encode(words_of("lie", "fraud"))
    assert others == ["lie", "fraud"]
    assert lengths(others)[numbers].tolist() == [3, 5]
    assert words == ["rumour", "hoax", "lie"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([f"{w}{b}" for w in "abcdef" for b in ("", " ", "  ")]))),
    st.integers(0, 8),
)
def test_a_lexicon_numbers_alike_however_words_are_written(columns, shown) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexicon_module, "MAX_SPELLINGS", shown)
        patch.setattr(lexicon_module, "_WORTH_SHOWING", 1)
        lexicon = Lexicon()
        for column in columns:
            numbers, words = lexicon.encode(words_of(*column))
            assert [words[n] for n in numbers] == [text.rstrip() for text in column]
            assert len(set(words)) == len(words)


def test_a_lexicon_is_full_by_the_length_of_its_words_too(monkeypatch) -> None:
    monkeypatch.setattr(lexicon_module, "MAX_CHARACTERS", 10)
    lexicon = Lexicon()
    _, words = lexicon.encode(words_of("hoaxes", "rumours"))
    _, others = lexicon.encode(words_of("hoaxes"))
    assert words == ["hoaxes", "rumours"]
    assert others == ["hoaxes"]


def test_what_is_known_comes_first_even_of_nothing() -> None:
    places, distinct = coded(words_of(), words_of("hoax", "lie"))
    assert places.tolist() == []
    assert distinct.to_pylist() == ["hoax", "lie"]


def test_a_full_lexicon_changes_no_label(monkeypatch, small) -> None:
    texts = small["text"].tolist()[:400]
    expected = censorscope.load().predict_proba(texts)
    monkeypatch.setattr(lexicon_module, "MAX_WORDS", 50)
    model = censorscope.load()
    found = np.concatenate([model.predict_proba(texts[i : i + 40]) for i in range(0, 400, 40)])
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), unique=True, max_size=60),
    st.lists(st.tuples(st.integers(-1, 1000), st.integers(-1, 1000)), min_size=1, max_size=60),
)
def test_pairs_are_found_as_in_a_dictionary(known, asked) -> None:
    """Of both kinds, dense and hashed: large ids make it hashed."""
    first, second = np.array(known, dtype=np.int64).reshape(-1, 2).T
    values = np.arange(len(known)) + 0.5
    wanted = dict(zip(known, values.tolist(), strict=True))
    a, b = np.array([*asked, *known], dtype=np.int32).T
    found = PairLookup(first, second, values, -1).find(a, b)
    assert found.tolist() == [
        wanted.get(pair, -1) for pair in zip(a.tolist(), b.tolist(), strict=True)
    ]
