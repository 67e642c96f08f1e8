import pytest

from censorscope.data.corpus import load_corpus
from censorscope.data.language import looks_english


def test_every_article_of_the_corpus_looks_english() -> None:
    articles = load_corpus().groupby("article")["text"].agg(" ".join)
    assert [name for name, text in articles.items() if not looks_english(text)] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "El ministerio ordenó cerrar cuarenta sitios por difundir rumores sobre la epidemia. ",
        "Die Behörde sperrte vierzig Seiten, die Gerüchte über die Seuche verbreitet hatten. ",
        "Le régulateur a bloqué quarante sites accusés de répandre des rumeurs, on le sait. ",
        "De overheid had veertig sites laten sluiten die of geruchten of angst verspreidden. ",
        "Myndigheden har lukket fyrre sider for at sprede rygter, og det er til at forstå nu. ",
        "Министерство закрыло сорок сайтов за распространение слухов об эпидемии в городе. ",
        "有关部门以传播谣言为由关闭了四十个网站。" * 4,
    ],
)
def test_other_languages_do_not(sentence: str) -> None:
    assert not looks_english(sentence * 4)
    assert looks_english(sentence), "too short to tell"


def test_capitals_and_headlines_are_no_other_language() -> None:
    assert looks_english(
        "POLICE SHUT FORTY SITES OVER RUMOURS AS FLOOD WATER IS SAID TO RISE. " * 5
    )
