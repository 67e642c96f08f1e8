"""The features written as plainly as possible, on scikit-learn: what the fast path has to equal."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from censorscope.data.themes import THEMES
from censorscope.features.contexts import NEAR, PAIR_REACH
from censorscope.features.normalise import american
from censorscope.features.terms import MAX_GAP, TermTable
from censorscope.features.tokens import stem

PAIR_LAGS = 6
Span = tuple[int, int, int]  # first token, one past the last, term


def normalise(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = re.sub("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]", "", text)

    text = "".join(_lower(c) for c in unicodedata.normalize("NFKD", text))
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    return "".join(c if c.isascii() or unicodedata.category(c)[0] in "LN" else " " for c in text)


def _lower(character: str) -> str:
    # Character by character: utf8proc has no rule for a sigma at the end of a word.
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def words(text: str) -> list[str]:
    return re.findall("[a-z0-9\u0080-\U0010ffff]+", normalise(text))


def matches(word: str, alternatives: frozenset[str]) -> bool:
    for atom in alternatives:
        if atom.startswith("="):
            if word == atom[1:]:
                return True
        elif atom.endswith("*"):
            if american(word).startswith(atom[:-1]):
                return True
        elif stem(word) == stem(atom):
            return True
    return False


def find(tokens: list[str], table: TermTable) -> list[Span]:
    spans = []
    for index, steps in enumerate(table.steps()):
        for start, word in enumerate(tokens):
            if not matches(word, steps[0][0]):
                continue
            end: int | None = start
            for alternatives, gap in steps[1:]:
                # The nearest later token that fits must be within reach.
                end = (
                    next(
                        (
                            i
                            for i in range(end + 1, len(tokens))
                            if matches(tokens[i], alternatives)
                        ),
                        None,
                    )
                    if end is not None and _in_reach(tokens, end, alternatives, gap)
                    else None
                )
            if end is not None:
                spans.append((start, end + 1, index))
    terms = table.terms
    exceptions = [s for s in spans if terms[s[2]].is_exception]
    kept = [
        span
        for span in spans
        if not terms[span[2]].is_exception
        and not any(
            start <= span[0] < end and terms[index].group == terms[span[2]].group
            for start, end, index in exceptions
        )
    ]
    return sorted(kept, key=lambda s: (s[0], s[2]))


def _in_reach(tokens: list[str], end: int, alternatives: frozenset[str], gap: bool) -> bool:
    reach = range(end + 1, min(len(tokens), end + 2 + (MAX_GAP if gap else 0)))
    return any(matches(tokens[i], alternatives) for i in reach)


def contexts(text: str, grounds: TermTable, cues: TermTable) -> Iterator[tuple[int, list[str]]]:
    """Yield each theme whose ground is mentioned, with its features."""
    tokens = words(text)
    mentions = find(tokens, grounds)
    found = find(tokens, cues)
    for theme, name in enumerate(THEMES):
        own = [m for m in mentions if grounds.terms[m[2]].group == name]
        if own:
            yield theme, list(_features(tokens, mentions, own, found, name, grounds, cues))


def _features(
    tokens: list[str],
    mentions: list[Span],
    own: list[Span],
    found: list[Span],
    theme: str,
    grounds: TermTable,
    cues: TermTable,
) -> Iterator[str]:
    masked = [stem(word) for word in tokens]
    for spans, mask in ((mentions, "<other>"), (own, "<ground>")):
        for start, end, _ in spans:
            masked[start:end] = [mask] * (end - start)
    kept = [
        i
        for i, word in enumerate(masked)
        if not (i and word in ("<ground>", "<other>") and masked[i - 1] == word)
    ]
    # A dropped token stands where the mask before it stands.
    place = np.searchsorted(kept, range(len(masked)), side="right") - 1
    line = [masked[i] for i in kept]
    at = [i for i, word in enumerate(line) if word == "<ground>"]

    def side(i: int) -> str:
        if line[i] == "<ground>":
            return ""
        before = min((i - a for a in at if a < i), default=10**6)
        after = min((a - i for a in at if a > i), default=10**6)
        if min(before, after) > NEAR:
            return ""
        return ">" if before <= after else "<"

    for i, word in enumerate(line):
        if word not in ("<ground>", "<other>"):
            yield f"word={word}"
            if side(i):
                yield f"{'before' if side(i) == '<' else 'after'}={word}"
        if i:
            yield f"bigram={line[i - 1]} {word}"
    kinds = list(cues.groups)
    hits = sorted(
        {
            (int(place[start]), kinds.index(cues.terms[term].group))
            for start, _, term in found
            if masked[start] != "<ground>"
        }
    )
    for position, kind in hits:
        yield f"cue={kinds[kind]}"
        if side(position):
            yield f"cue={kinds[kind]} {side(position)}"
        yield f"cue_theme={kinds[kind]} {theme}"
    for lag in range(1, PAIR_LAGS + 1):
        for (a, first), (b, second) in zip(hits, hits[lag:], strict=False):
            if b - a <= PAIR_REACH:
                yield f"cue_pair={kinds[first]} {kinds[second]}"
    for _, _, term in own:
        yield f"ground={grounds.terms[term].text} {theme}"
    yield f"theme={theme}"


def vectorise(
    texts: list[str], grounds: TermTable, cues: TermTable, *, min_df: int
) -> tuple[list[tuple[int, int]], list[str], sparse.csr_matrix]:
    """Return (row, theme) of each context, the feature names and the matrix."""
    listed = [
        (row, theme, features)
        for row, text in enumerate(texts)
        for theme, features in contexts(text, grounds, cues)
    ]
    counter = CountVectorizer(analyzer=lambda features: features, min_df=min_df)
    counts = counter.fit_transform([features for _, _, features in listed]).astype(float)
    names = list(counter.get_feature_names_out())
    n, df = counts.shape[0], np.asarray((counts > 0).sum(axis=0)).ravel()
    families = [name.partition("=")[0] for name in names]
    rarest = np.log((1 + n) / (1 + min_df)) + 1
    with_stem = np.isin(families, ["word", "before", "after", "bigram"])
    idf = np.where(with_stem, (np.log((1 + n) / (1 + df)) + 1) / rarest, 1.0)
    rows = counts.tolil()
    for i in range(n):
        size: Counter[str] = Counter()
        for j, value in zip(rows.rows[i], rows.data[i], strict=True):
            size[families[j]] += value
        rows.data[i] = [
            value * idf[j] / np.sqrt(size[families[j]])
            for j, value in zip(rows.rows[i], rows.data[i], strict=True)
        ]
    return [(row, theme) for row, theme, _ in listed], names, rows.tocsr()
