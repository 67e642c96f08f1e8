"""Make the model that ships in the package: ``python -m censorscope.train.default_model``."""

from ..models.storage import DEFAULT_MODEL, save
from .run import fit
from .settings import TrainSettings


def main() -> None:
    """Train on the corpus with the default settings and save into the package."""
    model, *_ = fit(TrainSettings(), print)
    print(f"saved {save(model, DEFAULT_MODEL)}")


if __name__ == "__main__":
    main()
