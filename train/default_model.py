"""Make the model that ships in the package: ``python -m censorscope.train.default_model``."""

from ..models.storage import DEFAULT_MODEL, save
from .run import fit, read_parts
from .settings import TrainSettings


def main() -> None:
    """Train on the corpus with the default settings and save into the package."""
    settings = TrainSettings()
    train, _ = read_parts(settings)
    model, *_ = fit(settings, train, print)
    print(f"saved {save(model, DEFAULT_MODEL)}")


if __name__ == "__main__":
    main()
