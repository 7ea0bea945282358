"""What `repave demo` runs on: an embedded AWS in a process of its own, and a configuration for it.

The daemon is the same as everywhere; it finds this AWS as it would find the real one, through the SDK's variables.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import controller.demo
from controller.app.configuration import load_config
from controller.demo.process import WorldError, running_world
from controller.demo.scenarios import demo as demo_scenario
from controller.domain.errors import RepaveError
from controller.settings import Config

STATE, LISTEN = "sqlite:///repave-demo.db", "127.0.0.1:8080"
"""What the shipped demo.yaml says of the journal and the port; each run has its own."""

RESOURCE = "deployment.environment.name=demo"


@dataclass(frozen=True, slots=True)
class Showcase:
    """config: of the demo, read from `path`. log: where the daemon's log goes. endpoint: of the embedded AWS."""

    config: Config
    path: Path
    log: Path
    endpoint: str


@asynccontextmanager
async def showcase(port: int) -> AsyncIterator[Showcase]:
    """An embedded AWS with eight web servers, seen by this process as its AWS, until the context ends.

    port: for the daemon's own endpoints; 0 takes a free one. Raises RepaveError when the world does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="repave-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            async with running_world(demo_scenario()) as world:
                path = folder / "demo.yaml"
                text = (
                    shipped().replace(STATE, f"sqlite:///{folder / 'repave.db'}").replace(LISTEN, f"127.0.0.1:{port}")
                )
                await asyncio.to_thread(path.write_text, text, encoding="utf-8")
                with _environment(world.environment()):
                    yield Showcase(load_config(str(path)), path, folder / "demo.log", world.endpoint)
        except WorldError as error:
            raise RepaveError(str(error)) from error


def shipped() -> str:
    """The configuration as it is shipped; in the checkout, controller/demo/demo.yaml is a link to config/demo.yaml."""
    return (files(controller.demo) / "demo.yaml").read_text(encoding="utf-8")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """This process's environment, replaced until the context ends."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({"OTEL_RESOURCE_ATTRIBUTES": RESOURCE, **variables})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
