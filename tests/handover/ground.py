"""Two daemons over one journal that outlives them, as processes or as containers of the built image, and how they end.

A container shares the machine's network, so that everything stays on loopback: the embedded AWS, the journal's server
and the receiver of traces are where they are for a process too.
"""

import asyncio
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from tests.e2e.harness.configuration import merged
from tests.e2e.harness.daemon import REPAVE, Daemon, process
from tests.e2e.harness.stage import GroupScene
from tests.support.docker_engine import Api
from tests.support.dynamo_server import REGION, DynamoServer
from tests.support.image import docker
from tests.support.postgresql import RealPostgres, running_postgresql

STOP_SECONDS = 120
"""ECS' `stopTimeout` of the shipped task definition: SIGTERM, and SIGKILL after it."""

LOCKED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=512m")
PASSED_ON = ("AWS_", "OTEL_", "REPAVE_", "NO_PROXY", "no_proxy")


@dataclass(frozen=True)
class Store:
    """Journals' places on one server. new: makes one, and gives its address. environment: what a daemon needs to find
    it."""

    name: str
    server: DynamoServer | RealPostgres
    new: Callable[[], str]
    environment: Mapping[str, str]


@contextmanager
def stores() -> Iterator[dict[str, Store]]:
    """A DynamoDB and a PostgreSQL, both empty."""
    with ExitStack() as stack:
        dynamo = stack.enter_context(DynamoServer().running())
        stack.enter_context(dynamo.found())
        postgres = stack.enter_context(running_postgresql())
        found = {"AWS_ENDPOINT_URL_DYNAMODB": dynamo.endpoint}
        yield {
            "dynamodb": Store("dynamodb", dynamo, lambda: f"dynamodb://{dynamo.make_table()}?region={REGION}", found),
            "postgresql": Store("postgresql", postgres, postgres.new_schema, {}),
        }


class Way(ABC):
    """How a daemon is run and ended."""

    name: str

    @abstractmethod
    def run(self, scene: GroupScene, config: Path | None = None) -> AbstractAsyncContextManager[Daemon]:
        """Start a daemon on the scene's configuration, or on another one."""

    @abstractmethod
    async def stop(self, daemon: Daemon) -> float:
        """End it as ECS does; how many seconds that took. It has to end by itself, with 0."""

    async def kill(self, daemon: Daemon) -> None:
        """End it as a machine that dies does."""
        await daemon.killed()


class Processes(Way):
    """`repave run`, and signals."""

    name = "processes"

    @asynccontextmanager
    async def run(self, scene: GroupScene, config: Path | None = None) -> AsyncIterator[Daemon]:
        key = scene._key(looks=False)
        command = [*REPAVE, "run", "-c", str(config or scene.config)]
        async with process(command, scene._environment(key), key, scene.folder / f"{key}.log") as daemon:
            yield daemon

    async def stop(self, daemon: Daemon) -> float:
        began = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert await daemon.ended(STOP_SECONDS) == 0
        return time.monotonic() - began


@dataclass(frozen=True)
class Containers(Way):
    """The image as it runs in production, and `docker stop`."""

    api: Api
    image: str

    name = "containers"

    @asynccontextmanager
    async def run(self, scene: GroupScene, config: Path | None = None) -> AsyncIterator[Daemon]:
        key = scene._key(looks=False)
        mounted = config or scene.config
        mounted.chmod(0o644)
        scene.folder.chmod(0o755)
        environment = scene._environment(key)
        told = [name for name in environment if name.startswith(PASSED_ON)]
        command = [
            *("docker", "run", "--rm", f"--name={_container(key)}", "--network=host", *LOCKED),
            *(f"--env={name}" for name in sorted(told)),
            f"--volume={mounted}:/etc/repave/repave.yaml:ro",
            self.image,
        ]
        outside = {"PATH": os.environ["PATH"], "DOCKER_HOST": self.api.url}
        try:
            everything = {name: environment[name] for name in told} | outside
            async with process(command, everything, key, scene.folder / f"{key}.log") as daemon:
                yield daemon
        finally:
            await asyncio.to_thread(docker, self.api, "rm", "--force", _container(key), check=False)

    async def stop(self, daemon: Daemon) -> float:
        began = time.monotonic()
        name = _container(daemon.key)
        await asyncio.to_thread(docker, self.api, "stop", f"--time={STOP_SECONDS}", name)
        assert await daemon.ended() == 0, "it was killed, or ended badly"
        return time.monotonic() - began

    async def kill(self, daemon: Daemon) -> None:
        await asyncio.to_thread(docker, self.api, "kill", _container(daemon.key))
        await daemon.ended()


def _container(key: str) -> str:
    return f"repave-test-{os.getpid()}-{key.lower()}"


def another_journal(scene: GroupScene, store: Store) -> Path:
    """The planted fault: a daemon that knows of no other, because its journal is its own."""
    yaml = YAML(typ="safe")
    document = merged(yaml.load(scene.config.read_text(encoding="utf-8")), {"state": store.new()})
    path = scene.config.with_name("alone.yaml")
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
    return path


MEASURED: list[str] = []
"""A sentence for each hand-over, for whoever reads the log of a test run."""
