"""A daemon that would look every ten minutes: it looks at once at what happens, and not at what it does itself."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from controller.app.build import Builder, shared_clients
from controller.app.configuration import specs
from controller.app.daemon import Daemon
from controller.app.heartbeat import Heartbeat
from controller.app.state import opened_journal
from controller.clients.docker import Engines
from controller.clients.docker_record import EngineEvent
from controller.clients.docker_transport import EngineAddress
from controller.clock import SystemClock
from controller.domain.lifecycle import Outcome
from controller.domain.ports import Journal
from controller.loop import Tick
from controller.schedule import DateSchedule
from controller.settings import load
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet, fleet
from tests.support.docker_images import Image
from tests.support.eventually import eventually

CONFIG = """\
version: 1
mode: {mode}
tick: 10m
state: sqlite:///{folder}/journal.db
fleets:
  edge:
    docker: {{host: "{url}", label: "{label}"}}
    warm_up: 0s
    poll: 0.2s
    degraded_when: [{{name: sick, docker_health: {{}}, for: 0s}}]
    verify: {{ready_within: 1m, warm_up: 0s, bake: 0s}}
"""


@dataclass
class Looking:
    """A running daemon. told: what its engine told of the fleet's members, as ACTION DETAIL."""

    journal: Journal
    ticks: list[Tick] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def looks(self, times: int) -> None:
        async def enough() -> bool:
            assert all(tick.looked for tick in self.ticks), self.ticks
            return len(self.ticks) >= times

        await eventually(enough, within_seconds=60)


@asynccontextmanager
async def looking(web: Fleet, folder: Path, mode: str) -> AsyncIterator[Looking]:
    """The daemon over this fleet, in this process; its first look is over, and it hears its engine."""
    clock = SystemClock()
    text = CONFIG.format(mode=mode, folder=folder, url=web.api.url, label=web.label)
    config = load(text, "edge.yaml", specs())
    async with shared_clients(clock) as clients, opened_journal(config.state, clients) as journal:
        seen = Looking(journal)
        builder = Builder(config, clock, clients, journal)
        daemon = Daemon(clock, Heartbeat(clock), config.tick_seconds, lambda *_: None, seen.ticks.append)
        await journal.save_policy(config.fleets["edge"])
        loop = builder.loop(config.fleets["edge"], "d-1", partial(daemon.wake, "edge"))
        schedule = DateSchedule(daemon.wake)
        running = asyncio.create_task(daemon.run({"edge": loop}, schedule, until_settled=False))
        try:
            await seen.looks(1)
            key, _, value = web.label.partition("=")

            def hear(event: EngineEvent) -> None:
                if event.attributes.get(key) == value:
                    seen.told.append(f"{event.action} {event.detail}".strip())

            events = clients.get(Engines).at(EngineAddress(web.api.url)).events
            await events.seen()
            events.on_change(hear)
            yield seen
        finally:
            schedule.stop()
            daemon.stop()
            await running
            await loop.stop(5.0)


async def test_a_container_that_is_killed_is_looked_at_at_once(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 2) as web:
        await web.healthy()
        async with looking(web, tmp_path, "observe") as seen:
            before = len(seen.ticks)
            await engine.signal(web[1].id, signal.SIGKILL)
            await seen.looks(before + 1)
            assert "die" in seen.told


async def test_one_that_turns_unhealthy_is_replaced_and_nothing_of_that_asks_for_a_look(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 2) as web:
        await web.healthy()
        async with looking(web, tmp_path, "act") as seen:
            await web.ask(web[1], "/control/fail")

            async def replaced() -> bool:
                return Outcome.REPLACED in [one.outcome for one in await seen.journal.replacements()]

            await eventually(replaced, within_seconds=120)
            assert "health_status unhealthy" in seen.told
            assert not {"start", "die", "destroy"} & set(seen.told), "what Repave did itself is no news"
