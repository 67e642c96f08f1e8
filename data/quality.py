"""Measures of a corpus: composition, repetition, near-duplicates."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import cohen_kappa_score

from .corpus import CORPUS_DIR
from .themes import THEMES

NEAR_DUPLICATE: Final = 0.6
CONTACT: Final = re.compile(r"https?://|www\.|\S@\S+\.\w|\+?\d[\d ()-]{8,}\d")
"""E-mail addresses, live URLs and phone numbers, which have no place in a corpus."""


ANNOTATIONS_PATH: Final = CORPUS_DIR / "annotations.csv"
CODES: Final = dict(zip(THEMES, "RTFP", strict=True))
"""Code of each theme in `ANNOTATIONS_PATH`; the small letter is a mention without control."""
OTHER_GROUND: Final = "o"
ORDINARY_SENSE: Final = "v"


def read_annotations() -> pd.DataFrame:
    """Return both readings of every sentence of the corpus, in its order.

    Returns
    -------
    pandas.DataFrame
        Columns article, sentence, first (the author's codes), second (the annotator's, who did not see
        the first) and rule (of the codebook, that settled a disagreement; else empty).
        Codes are those of `CODES`, `OTHER_GROUND` and `ORDINARY_SENSE`.
    """
    return pd.read_csv(ANNOTATIONS_PATH, dtype={"first": str, "second": str, "rule": str}).fillna(
        ""
    )


def agreement(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return Cohen's kappa between the two readings, and what each found, a row a theme.

    Parameters
    ----------
    annotations : pandas.DataFrame
        As from `read_annotations`.

    Returns
    -------
    pandas.DataFrame
        Columns kappa, first, second, both; the index is `THEMES`.
    """
    rows = []
    for theme in THEMES:
        first, second = (annotations[c].str.contains(CODES[theme]) for c in ("first", "second"))
        rows.append(
            {
                "kappa": cohen_kappa_score(first, second),
                "first": int(first.sum()),
                "second": int(second.sum()),
                "both": int((first & second).sum()),
            }
        )
    return pd.DataFrame(rows, index=list(THEMES))


def composition(frame: pd.DataFrame, annotations: pd.DataFrame) -> pd.Series:
    """Return the counts of sentences that the data sheet reports.

    Parameters
    ----------
    frame : pandas.DataFrame
        The corpus, see `corpus.load_corpus`.
    annotations : pandas.DataFrame
        As from `read_annotations`. A near miss counts when either reading found it.
    """
    n_labels = frame[list(THEMES)].sum(axis=1)
    plain = (n_labels == 0).to_numpy()
    codes = (annotations["first"] + annotations["second"]).to_numpy(dtype=str)

    def near_misses(code: str) -> int:
        return int((plain & (np.char.find(codes, code) >= 0)).sum())

    counts: dict[str, int] = {
        "articles": frame["article"].nunique(),
        "sentences": len(frame),
        "labelled": int((n_labels > 0).sum()),
        "two or more themes": int((n_labels > 1).sum()),
        **{theme: int(frame[theme].sum()) for theme in THEMES},
        **{f"{theme} mentioned, no theme": near_misses(CODES[theme].lower()) for theme in THEMES},
        "control on other grounds": near_misses(OTHER_GROUND),
        "control words in ordinary senses": near_misses(ORDINARY_SENSE),
    }
    return pd.Series(counts)


def composition_table(counts: pd.Series) -> str:
    """Write the counts of `composition` as a Markdown table, with shares of all sentences."""
    rows = [
        f"| {name} | {count:,} | {'' if name == 'articles' else f'{count / counts.sentences:.1%}'} |"
        for name, count in counts.items()
    ]
    return "\n".join(["| | count | share of sentences |", "|---|---|---|", *rows])


def near_duplicates(
    texts: Sequence[str], others: Sequence[str] | None = None
) -> list[tuple[int, int, float]]:
    """Return pairs of texts that are nearly equal, most similar first.

    Nearly equal means a cosine of TF-IDF word vectors, or a Jaccard index of character 5-grams, above
    `NEAR_DUPLICATE`.

    Parameters
    ----------
    texts : sequence of str
    others : sequence of str, optional
        Compare with these instead of among the texts themselves.

    Returns
    -------
    list of (int, int, float)
        Index in `texts`, index in `others` (or `texts`), similarity.
    """
    everything = [*texts, *(others or [])]
    found: dict[tuple[int, int], float] = {}
    tfidf = TfidfVectorizer(token_pattern=r"\w+").fit_transform(everything)  # noqa: S106
    grams = CountVectorizer(analyzer="char_wb", ngram_range=(5, 5), binary=True, dtype=np.int32)
    shingles = grams.fit_transform(everything)
    sizes = np.asarray(shingles.sum(axis=1)).ravel()
    first = slice(0, len(texts))
    second = slice(len(texts), None) if others is not None else first
    for start in range(0, len(texts), 500):
        stop = min(start + 500, len(texts))
        cosine = (tfidf[start:stop] @ tfidf[second].T).tocoo()
        shared = (shingles[start:stop] @ shingles[second].T).tocoo()
        union = sizes[start + shared.row] + sizes[second][shared.col] - shared.data
        for part, value in ((cosine, cosine.data), (shared, shared.data / np.maximum(union, 1))):
            near = value > NEAR_DUPLICATE
            for i, j, v in zip(part.row[near], part.col[near], value[near], strict=True):
                pair = (int(start + i), int(j))
                if others is not None or pair[0] < pair[1]:
                    found[pair] = max(found.get(pair, 0.0), float(v))
    return sorted(((i, j, v) for (i, j), v in found.items()), key=lambda item: -item[2])


def distinct_openings(texts: Sequence[str]) -> float:
    """Return the share of distinct first three words."""
    return len({tuple(text.lower().split()[:3]) for text in texts}) / len(texts)


def distinct_ngrams(texts: Sequence[str], n: int = 4) -> float:
    """Return the share of distinct runs of n words among all of them."""
    runs = [
        tuple(words[i : i + n])
        for words in (re.findall(r"\w+", text.lower()) for text in texts)
        for i in range(len(words) - n + 1)
    ]
    return len(set(runs)) / len(runs)
