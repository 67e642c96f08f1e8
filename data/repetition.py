"""How far texts repeat each other, and contact details left in them."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

NEAR_DUPLICATE: Final = 0.6
CONTACT: Final = re.compile(r"https?://|www\.|\S@\S+\.\w|\+?\d[\d ()-]{8,}\d")
"""E-mail addresses, live URLs and phone numbers, which have no place in a corpus."""


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
