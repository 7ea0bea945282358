"""`repave health` asks /healthz, and says in its exit code what it heard."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from tests.cli.conftest import repave
from tests.house.project import ROOT


@contextmanager
def daemon(code: int, sentence: str, silent: Event | None = None) -> Iterator[str]:
    """Something that answers /healthz with this, or does not until `silent` is set; its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if silent is not None:
                silent.wait(30)
            self.send_response(code if self.path == "/healthz" else 404)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(f"{sentence}\nand more\n".encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/healthz"
    finally:
        if silent is not None:
            silent.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("code", "exit_code"), [(200, 0), (503, 1), (302, 1)])
def test_the_exit_code_is_the_daemons_health(code: int, exit_code: int) -> None:
    with daemon(code, "web was to be looked at 90 s ago") as url:
        result = repave("health", "--url", url)
    assert (result.code, result.out, result.err) == (exit_code, "web was to be looked at 90 s ago\n", "")


def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with daemon(200, "alive") as url:
        monkeypatch.setenv("REPAVE_HEALTH_URL", url.removesuffix("/healthz"))
        assert repave("health").code == 0


def test_a_daemon_that_does_not_answer_is_not_alive() -> None:
    with daemon(200, "alive", silent=Event()) as url:
        result = repave("health", "--url", url, "--timeout", "0.2")
    assert (result.code, result.err) == (1, f"repave: no daemon answers at {url}: timed out\n")


LONG_NAME = f"http://{'a' * 70}.example/"


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/healthz", "127.0.0.1:8080", "http://", "http://127.0.0.1:x/", "http://[", LONG_NAME),
        *("http://127.0.0.1:1/ä", "http://127.0.0.1:1/a b"),
    ],
)
def test_an_address_that_cannot_be_used_is_said(url: str) -> None:
    result = repave("health", "--url", url)
    assert result.code == 1
    assert result.err.startswith(f"repave: --url: '{url}'")
    assert result.err.count("\n") == 1


def test_a_wait_without_an_end_is_none() -> None:
    result = repave("health", "--timeout", "inf")
    assert (result.code, "'--timeout'" in result.err, result.err.count("\n")) == (1, True, 1)


@pytest.mark.parametrize(("code", "exit_code"), [(200, 0), (503, 1)])
def test_a_containers_health_check_loads_no_library(code: int, exit_code: int) -> None:
    """An engine that waits 5 s asks for it all the time, of a container that may have a quarter of a core."""
    with daemon(code, "alive") as url:
        done = asked_plainly(url)
    assert (done.returncode, done.stdout, done.stderr) == (exit_code, "alive\n", "")


def test_and_says_who_does_not_answer_in_the_same_words() -> None:
    url = "http://127.0.0.1:x/"
    done = asked_plainly(url)
    assert (done.returncode, done.stderr) == (1, repave("health", "--url", url).err)


def asked_plainly(url: str) -> subprocess.CompletedProcess[str]:
    """`repave health` as its console script runs it, where nothing but the standard library can be imported."""
    code = "import sys; sys.argv = ['repave', 'health']; from controller.cli import main; main()"
    environment = {"REPAVE_HEALTH_URL": url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-S", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
