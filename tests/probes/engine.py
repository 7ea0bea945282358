"""Containers of a fake engine, and questions about them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from controller.app.clients import SharedClients
from controller.domain.model import Instance, Signal, Unknown
from controller.domain.policy import Missing
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec
from tests.clients.fake_aws import VirtualClock
from tests.probes.asking import asking
from tests.probes.fleet import NOW, instance
from tests.support.fake_engine import FakeEngine

RUNNING: dict[str, Any] = {"Status": "running", "ExitCode": 0, "OOMKilled": False}
ONE = "c0ffee000001"
OTHER = "c0ffee000002"


@dataclass
class Asked:
    """A probe and the engine whose containers it reads."""

    spec: ProbeSpec
    engine: FakeEngine
    probe: Probe
    clock: VirtualClock

    def container(self, **changes: Any) -> Instance:
        return instance(changes.pop("id", ONE), **{"group": self.engine.url, **changes})

    def question(self, *instances: Instance, options: Mapping[str, Any] | None = None, **rule: Any) -> ProbeRequest:
        facts = {"probe": self.spec.name, "at": self.clock.now(), **rule}
        if self.spec.threshold is not None:
            facts.setdefault("threshold", self.spec.threshold)
        return asking(self.spec.options.model_validate(options or {}), *(instances or (self.container(),)), **facts)

    async def read(self, *instances: Instance, **rule: Any) -> Mapping[str, Signal | Unknown]:
        return await self.probe.read(self.question(*instances, **rule))

    async def one(self, **rule: Any) -> Signal | Unknown:
        return (await self.read(**rule))[ONE]

    def says(self, part: str, content: Any, container: str = ONE, status: int = 200) -> None:
        self.engine.says(f"/containers/{container}/{part}", content, status)

    def state(self, container: str = ONE, **state: Any) -> None:
        """What its inspection says; State is running where nothing else is said."""
        self.says("json", {"RestartCount": 0, "State": RUNNING | state}, container)


@asynccontextmanager
async def asked(spec: ProbeSpec) -> AsyncIterator[Asked]:
    clock = VirtualClock(NOW)
    async with FakeEngine() as engine:
        clients = SharedClients(clock)
        yield Asked(spec, engine, spec.build(None, engine, clients), clock)
        await clients.aclose()


def value(found: Signal | Unknown) -> Any:
    """Of a signal's newest reading; the reason of an Unknown fails the test that wants one."""
    assert isinstance(found, Signal), found
    return found.latest.value


def why(found: Signal | Unknown) -> str:
    """Of an Unknown."""
    assert isinstance(found, Unknown), found
    return found.reason


ZERO = Missing.ZERO
