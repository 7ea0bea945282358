"""A place with a group behind a socket, and a platform that speaks to it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from controller.clients.aws import Aws
from controller.platforms.asg import AsgPlatform
from controller.platforms.asg.options import AsgOptions
from tests.clients.fake_aws import EMPTY, VirtualClock, client_of
from tests.platforms.driver import Drive, accepted
from tests.platforms.endpoint import Endpoint, serve
from tests.platforms.groups import T0, FakeGroup


class Shared:
    """The Resources port, with a client whose models are loaded already."""

    def __init__(self, aws: Aws, clock: VirtualClock) -> None:
        self._clock = clock
        self._made: dict[type[Any], Any] = {Aws: aws}

    def get(self, kind: type[Any]) -> Any:
        if kind not in self._made:
            self._made[kind] = kind(self._clock)
        return self._made[kind]


class Place:
    """One endpoint with one group, and what a test asks of it. `run` runs a coroutine to its end."""

    def __init__(self, endpoint: Endpoint, aws: Aws, clock: VirtualClock, runner: asyncio.Runner) -> None:
        self.endpoint = endpoint
        self.clock = clock
        self._aws = aws
        self._runner = runner

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def hold(self, group: FakeGroup) -> FakeGroup:
        """Forget what was, and have this group."""
        self.endpoint.__init__({group.name: group}, url=self.endpoint.url)  # type: ignore[misc]
        self.endpoint.image_dates = {"ami-old": "2026-08-25T00:00:00.000Z", "ami-new": "2026-11-20T00:00:00.000Z"}
        return group

    def platform(self, **options: Any) -> AsgPlatform:
        """A platform as after a start: it remembers nothing."""
        wanted = AsgOptions(**({"name": "web"} | options)) if "tags" not in options else AsgOptions(**options)
        return AsgPlatform(wanted, Shared(self._aws, self.clock))

    def drive(self, predecessor: str = "i-0", replacement_id: str = "r-1", **how: Any) -> Drive:
        """A replacement of one member, about to launch."""
        row = next(group.rows[predecessor] for group in self.endpoint.groups.values() if predecessor in group.rows)
        return Drive(accepted(replacement_id, predecessor, row.zone), how.pop("build", self.platform), **how)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """One socket and one loop for all tests of a module; each test brings its own group."""
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        endpoint, clock = Endpoint(), VirtualClock(T0)
        ours = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "OURS", "AWS_SECRET_ACCESS_KEY": "throw-away"}
        for name, value in (EMPTY | ours).items():
            patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
        serving = serve(endpoint)
        runner.run(_enter(serving.__aenter__))
        patch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        aws = client_of(clock)
        yield Place(endpoint, aws, clock, runner)
        runner.run(aws.aclose())
        runner.run(_enter(lambda: serving.__aexit__(None, None, None)))


async def _enter(call: Callable[[], Any]) -> None:
    await call()
