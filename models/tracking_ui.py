"""MLflow's UI of a tracking store, served for as long as the command runs."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ..data.exceptions import InputError
from .registry import connect, tracking_uri

_HOST: Final = "127.0.0.1"
# Seconds that MLflow is given to end by itself.
_PATIENCE: Final = 5


def serve(store: str | None = None, *, port: int = 5000) -> int:
    """Serve MLflow's UI on this machine until it ends or is interrupted.

    SIGTERM and SIGHUP are interruptions, like Ctrl-C. No process of MLflow outlives the call.

    Parameters
    ----------
    store : str, optional
        See `registry.tracking_uri`.
    port : int, default=5000

    Returns
    -------
    int
        0 when interrupted, else the exit code of MLflow.

    Raises
    ------
    RegistryError
        When the store cannot be opened.
    InputError
        When the port is in use or cannot be used.
    """
    with connect(store):
        pass
    _require_port(port)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", _HOST, "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", tracking_uri(store)]
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    print(
        f"MLflow UI at http://{_HOST}:{port} (choose 'Model training' at the top left; "
        "Ctrl-C ends it)",
        flush=True,
    )
    try:
        with _interrupted_by_signals():
            # A group of its own, so that the server's workers can be ended with it.
            process = subprocess.Popen(command, env=environment, start_new_session=True)
            try:
                return process.wait()
            finally:
                _end(process)
    except KeyboardInterrupt:
        return 0


def _require_port(port: int) -> None:
    remedy = "Choose another with --port, up to 65535."
    try:
        socket.create_server((_HOST, port)).close()
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        problem = "is in use" if in_use else f"cannot be used ({error.strerror})"
        raise InputError(f"port {port} {problem}", remedy=remedy) from error
    except OverflowError as error:
        raise InputError(f"port {port} is out of range", remedy=remedy) from error


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    wanted = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    # What is ignored stays so: under nohup the UI outlives its terminal.
    found = [s for s in wanted if s is not None and signal.getsignal(s) is not signal.SIG_IGN]
    before = {s: signal.signal(s, signal.default_int_handler) for s in found}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        _signal_group(process, "SIGTERM")
        process.wait(_PATIENCE)
    # Its workers may be slower than the server, or have lost it.
    _signal_group(process, "SIGKILL")
    process.wait()


def _signal_group(process: "subprocess.Popen[bytes]", name: str) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, getattr(signal, name))
