"""The MLflow UI, really served, on a port of this machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from censorscope.__main__ import main
from censorscope.models.registry import connect


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> str:
    uri = f"sqlite:///{tmp_path_factory.mktemp('ui') / 'mlflow.db'}"
    with connect(uri, create=True):
        return uri


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


def group_of_child(parent: "subprocess.Popen[str]") -> int:
    while True:
        assert parent.poll() is None
        listed = subprocess.run(
            ["ps", "-A", "-o", "ppid=,pgid=,args="], capture_output=True, text=True, check=True
        ).stdout
        for line in listed.splitlines():
            of, group, args = line.split(None, 2)
            if int(of) == parent.pid and "mlflow ui" in args:
                assert int(group) not in {os.getpgrp(), parent.pid}, (
                    "MLflow has no group of its own"
                )
                return int(group)
        time.sleep(0.05)


def running(group: int) -> list[str]:
    """Zombies that nobody here can reap do not count."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[2] for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


@pytest.mark.skipif(shutil.which("ps") is None, reason="nothing lists processes here")
@pytest.mark.parametrize("ended_by", ["SIGTERM", "the server's end"])
def test_nothing_of_mlflow_outlives_the_command(store, tmp_path, ended_by) -> None:
    port, group = free_port(), None
    command = [sys.executable, "-m", "censorscope", "ui", "--tracking-uri", store]
    with (tmp_path / "log").open("w") as log:
        ui = subprocess.Popen(
            [*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert f"http://127.0.0.1:{port} " in ui.stdout.readline()
        group = group_of_child(ui)
        while len(running(group)) < 3:  # the command, the server and what runs its jobs
            assert ui.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        if ended_by == "SIGTERM":
            while not answers(port):
                assert ui.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.1)
            ui.terminate()
            assert ui.wait(30) == 0
        else:
            os.kill(group, signal.SIGKILL)
            assert ui.wait(30) != 0
        deadline = time.monotonic() + 10  # killed, which takes effect by itself
        while running(group) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert running(group) == []
        socket.create_server(("127.0.0.1", port)).close()
    finally:
        ui.kill()
        ui.wait()
        ui.stdout.close()
        if group is not None and running(group):
            os.killpg(group, signal.SIGKILL)


def test_a_port_in_use_is_named_before_anything_starts(store, capfd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        capfd.readouterr()
        assert main(["ui", "--tracking-uri", store, "--port", str(port)]) == 2
    assert capfd.readouterr() == (
        "",
        f"censorscope: port {port} is in use. Choose another with --port, up to 65535.\n",
    )


def test_a_port_that_cannot_be_is_named(store, capfd) -> None:
    assert main(["ui", "--tracking-uri", store, "--port", "70000"]) == 2
    assert "port 70000 is out of range. Choose another" in capfd.readouterr().err
