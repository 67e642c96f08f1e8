"""Both readings of the corpus: what they agree on, and what the corpus holds by them."""

from typing import Final

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from .corpus import CORPUS_DIR
from .themes import THEMES

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
