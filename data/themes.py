"""The fixed list of themes: the only place where they are named."""

from typing import Final

THEMES: Final[tuple[str, ...]] = ("rumour_control", "terrorism", "fraud", "pornography")
"""Label names, in the order of every column, array axis and table of the project."""

N_THEMES: Final[int] = len(THEMES)
