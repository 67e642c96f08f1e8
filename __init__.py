"""Labels news sentences with the ground on which they report the control of information.

>>> import censorscope
>>> model = censorscope.load()
>>> frame = model.label(["The regulator shut 40 sites that sold obscene videos."])
>>> frame["labels"].tolist()
['pornography']
"""

from typing import TYPE_CHECKING

from .data.themes import THEMES

if TYPE_CHECKING:
    from .models.theme_model import ThemeModel

__version__ = "0.1.0"
__all__ = ["THEMES", "__version__", "load"]


def load(path_or_uri: str | None = None) -> "ThemeModel":
    """Open a model.

    Parameters
    ----------
    path_or_uri : str, optional
        The folder of a saved model, or an MLflow address such as
        ``models:/censorscope@champion``. Without it, the default model of the package.

    Returns
    -------
    ThemeModel

    Raises
    ------
    censorscope.data.exceptions.ModelError
        When there is no model, or it is damaged.
    censorscope.data.exceptions.RegistryError
        When the address names no registered version.
    """
    from .models.storage import DEFAULT_MODEL
    from .models.storage import load as load_folder

    if path_or_uri is not None and str(path_or_uri).startswith(("models:/", "runs:/")):
        from .models.registry import download

        return load_folder(download(str(path_or_uri)))
    return load_folder(path_or_uri or DEFAULT_MODEL)
