"""Apply a function to a stream of items in several processes: in order, in bounded memory."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from ..data.exceptions import CensorscopeError

Item = TypeVar("Item")
Result = TypeVar("Result")

_function: Callable[[Any], Any]


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int
) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in the order of the items.

    Parameters
    ----------
    function : callable
        Sent to every process once.
    items : iterable
        Read as results are taken: no more than three items a process are under way.
    jobs : int
        Number of processes.

    Raises
    ------
    CensorscopeError
        When a process dies.
    """
    executor = ProcessPoolExecutor(
        jobs,
        # A process forked from one in which Arrow has threads may hang.
        mp_context=get_context("spawn"),
        initializer=_start,
        initargs=(function,),
    )
    under_way: deque[Future[Any]] = deque()
    try:
        for item in items:
            under_way.append(executor.submit(_call, item))
            if len(under_way) >= 3 * jobs:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BrokenProcessPool:
        raise CensorscopeError(
            "a worker process died, perhaps for lack of memory. Try fewer --jobs."
        ) from None
    finally:
        # What still runs is of no use to anyone: results are taken in order.
        executor.shutdown(wait=not under_way, cancel_futures=True)


def _start(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    # Ctrl-C reaches every process of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)
