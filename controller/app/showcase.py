"""What `repave demo` runs on: an embedded AWS in a process of its own, and a configuration for it.

The daemon is the same as everywhere; it finds this AWS as it would find the real one, through the SDK's variables.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.app.configuration import load_config
from controller.demo.process import WorldError, running_world
from controller.demo.scenarios import demo as demo_scenario
from controller.domain.errors import RepaveError
from controller.settings import Config

CONFIG = """\
# What `repave demo` runs: the fleet of the embedded AWS, in seconds instead of minutes.
version: 1
mode: act
state: sqlite:///repave-demo.db
tick: 1s
lease: {ttl: 10s}
listen: 127.0.0.1:8080

limits: {replacements_per_hour: 60}

fleets:
  web:
    asg: {name: web, region: eu-west-1}
    max_image_age: 30d            # two instances run an older one; a third does too, and a person protected it
    degraded_when:
      - {name: failing checks, target_health: {}, for: 3s}
      - {name: host impaired, ec2_status: {}, for: 3s, urgent: true}   # EC2 says nothing about one instance: blind
    limits: {max_in_flight: 1, replacements_per_hour: 60}
    verify: {ready_within: 1m, bake: 3s, deadline: 20s}
    drain: {timeout: 30s}
    deadlines: {launch: 30s, terminate: 30s, undo: 1m}
    blind_after: 5s
    warm_up: 10s
    poll: 0.5s
"""
"""The same as config/demo.yaml, which an installed Repave does not have."""

STATE, LISTEN = "sqlite:///repave-demo.db", "127.0.0.1:8080"
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
                text = CONFIG.replace(STATE, f"sqlite:///{folder / 'repave.db'}").replace(LISTEN, f"127.0.0.1:{port}")
                await asyncio.to_thread(path.write_text, text, encoding="utf-8")
                with _environment(world.environment()):
                    yield Showcase(load_config(str(path)), path, folder / "demo.log", world.endpoint)
        except WorldError as error:
            raise RepaveError(str(error)) from error


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
