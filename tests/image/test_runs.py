"""The container runs as it is meant to in production: a read-only root file system, no capability, no root."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from tests.image.look import Image
from tests.support.docker_engine import Api
from tests.support.eventually import eventually
from tests.support.image import docker

pytestmark = pytest.mark.timeout(900)  # the first test that asks for an image may have to build it

LOCKED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=64", "--memory=512m")
USER = "65532:65532"
TOKEN = "a-token-of-the-test-0123456789"

AWS = ("--env=AWS_ENDPOINT_URL=http://127.0.0.1:9", "--env=AWS_ACCESS_KEY_ID=x", "--env=AWS_SECRET_ACCESS_KEY=x",
       f"--env=REPAVE_TOKEN={TOKEN}")  # fmt: skip

CONFIG = """\
version: 1
mode: observe
listen: 0.0.0.0:8080
api: {tokens: [{name: test, token: {env: REPAVE_TOKEN}, may: operate}]}
fleets:
  web:
    asg: {name: web, region: eu-west-1}
    max_age: 60d
"""


@dataclass(frozen=True)
class Daemon:
    """A container that runs the daemon. name: of the container and of its volume."""

    api: Api
    name: str

    def state(self) -> dict[str, Any]:
        return dict(json.loads(docker(self.api, "inspect", "--format", "{{json .State}}", self.name)))

    def logs(self) -> str:
        return docker(self.api, "logs", self.name)

    async def becomes_healthy(self) -> None:
        async def healthy() -> bool:
            state = self.state()
            assert state["Running"], docker(self.api, "logs", self.name)
            return bool(state["Health"]["Status"] == "healthy")

        await eventually(healthy, within_seconds=60, every_seconds=0.1)


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A file that the container's user can read."""
    path = tmp_path / "repave.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    path.chmod(0o644)
    return path


@pytest.fixture
def daemon(engine: Api, image: str, configuration: Path) -> Iterator[Daemon]:
    """`repave run` on a configuration that is mounted and names no journal, which is then kept on the volume; asked for
    its health every second."""
    name = f"repave-test-{time.monotonic_ns()}"
    mounts = (f"--volume={configuration}:/etc/repave/repave.yaml:ro", f"--volume={name}:/var/lib/repave")
    docker(engine, "run", "--detach", f"--name={name}", *LOCKED, *mounts, *AWS, "--health-interval=1s", image)
    yield Daemon(engine, name)
    docker(engine, "rm", "--force", "--volumes", name, check=False)
    docker(engine, "volume", "rm", name, check=False)


async def test_the_daemon_gets_healthy_and_stops_when_it_is_told_to(engine: Api, daemon: Daemon) -> None:
    await daemon.becomes_healthy()
    began = time.monotonic()
    docker(engine, "stop", "--time=30", daemon.name)
    took = time.monotonic() - began
    assert (daemon.state()["ExitCode"], took < 10) == (0, True), (took, daemon.logs())


async def test_size_and_start_up_are_told(
    engine: Api, image: str, configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From `docker run` to /healthz, the median of three. The bounds are wide: for what went wrong, not for slow."""
    megabytes = Image(engine, image).size_bytes / 1e6
    seconds = sorted([await started_within(engine, image, configuration) for _ in range(3)])
    with capsys.disabled():
        print(f"\nthe image: {megabytes:.0f} MB; from `docker run` to /healthz {seconds[1]:.2f} s (the median of 3)")
    assert megabytes < 300
    assert seconds[1] < 30


async def started_within(engine: Api, image: str, configuration: Path) -> float:
    """How many seconds a container takes to answer."""
    name = f"repave-test-{time.monotonic_ns()}"
    began = time.monotonic()
    docker(engine, "run", "--detach", f"--name={name}", *LOCKED, f"--volume={configuration}:/etc/repave/repave.yaml:ro",
           "--tmpfs=/var/lib/repave:uid=65532", *AWS, "--publish=127.0.0.1::8080", image)  # fmt: skip
    try:
        address = docker(engine, "port", name, "8080/tcp").splitlines()[0]

        async def answers() -> bool:
            try:
                async with ClientSession() as session, session.get(f"http://{address}/healthz") as answer:
                    return answer.status == 200
            except (ClientError, OSError):
                return False

        await eventually(answers, within_seconds=60, every_seconds=0.01)
        return time.monotonic() - began
    finally:
        docker(engine, "rm", "--force", name)


async def test_nobody_who_looks_in_is_root(engine: Api, daemon: Daemon) -> None:
    await daemon.becomes_healthy()
    status = docker(engine, "exec", daemon.name, "python", "-c", "print(open('/proc/1/status').read())")
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(lines["Uid"].split()) | set(lines["Gid"].split()) == {"65532"}
    assert {lines[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
    assert lines["NoNewPrivs"] == "1"


def test_the_health_check_fails_when_nobody_answers(engine: Api, image: str) -> None:
    said = docker(engine, "run", "--rm", *LOCKED, "--network=none", image, "health", check=False)
    assert said == ""
    with pytest.raises(AssertionError, match="no daemon answers at http://127.0.0.1:8080/healthz"):
        docker(engine, "run", "--rm", *LOCKED, "--network=none", image, "health")


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_it_is_the_command(engine: Api, image: str, argument: str) -> None:
    assert "repave" in docker(engine, "run", "--rm", *LOCKED, "--network=none", image, argument)


async def test_a_command_that_is_no_daemon_ends_when_it_is_told_to(engine: Api, image: str) -> None:
    """A container's first process has no default for SIGTERM: without a handler the engine has to kill it."""
    name = f"repave-test-{time.monotonic_ns()}"
    docker(engine, "run", "--detach", f"--name={name}", *LOCKED, "--entrypoint=python", image, "-c", WAITING)

    async def waits() -> bool:
        return docker(engine, "logs", name) == "waiting"

    try:
        await eventually(waits, within_seconds=20, every_seconds=0.1)
        docker(engine, "stop", "--time=20", name)
        assert docker(engine, "inspect", "--format", "{{.State.ExitCode}}", name) == "143"
    finally:
        docker(engine, "rm", "--force", name)


WAITING = """
import threading
from controller.cli import command

def wait(arguments):
    print("waiting", flush=True)
    threading.Event().wait()

command.run_command = wait
command.main()
"""


def test_the_demo_settles(engine: Api, demo_image: str) -> None:
    flags = ("--rm", "--network=none", *LOCKED, "--tmpfs=/tmp:mode=1777")
    document = json.loads(docker(engine, "run", *flags, demo_image, "demo", "--until-settled", "--json"))
    assert len(document["replaced"]) >= 2
    assert not document["undone"]
