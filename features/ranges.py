"""Runs of consecutive numbers, many at a time."""

import numpy as np


def ranges(start: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``start[i], start[i] + 1, ...``, ``count[i]`` numbers for each i, one run after another.

    Parameters
    ----------
    start, count : ndarray of int64, shape (n,)

    Returns
    -------
    numbers, run : ndarray of int64, shape (count.sum(),)
        The numbers, and the i each belongs to.

    Examples
    --------
    >>> [a.tolist() for a in ranges(np.array([7, 0, 3]), np.array([2, 0, 3]))]
    [[7, 8, 3, 4, 5], [0, 0, 2, 2, 2]]
    """
    run = np.repeat(np.arange(len(count)), count)
    shift = start - (np.cumsum(count) - count)
    return np.arange(len(run)) + shift.take(run), run
