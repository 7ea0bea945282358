"""A daemon that would look every ten minutes, and a container that is killed: it looks at once."""

import asyncio
import signal
from functools import partial
from pathlib import Path

from controller.app.build import Builder, opened_journal, shared_clients
from controller.app.configuration import specs
from controller.app.daemon import Daemon
from controller.app.heartbeat import Heartbeat
from controller.clients.docker import Engines
from controller.clients.docker_transport import EngineAddress
from controller.clock import SystemClock
from controller.loop import Tick
from controller.schedule import DateSchedule
from controller.settings import load
from tests.support.docker_engine import Api
from tests.support.docker_fleet import fleet
from tests.support.docker_images import Image
from tests.support.eventually import eventually

CONFIG = """\
version: 1
mode: observe
tick: 10m
state: sqlite:///{folder}/journal.db
fleets:
  edge:
    docker: {{host: "{url}", label: "{label}"}}
    max_age: 30d
"""


async def test_a_container_that_is_killed_is_looked_at_at_once(engine: Api, app_image: Image, tmp_path: Path) -> None:
    clock, ticks = SystemClock(), list[Tick]()
    async with fleet(engine, app_image, 2) as web:
        text = CONFIG.format(folder=tmp_path, url=engine.url, label=web.label)
        config = load(text, "edge.yaml", specs())
        async with shared_clients(clock) as clients, opened_journal(config.state) as journal:
            builder = Builder(config, clock, clients, journal)
            daemon = Daemon(clock, Heartbeat(clock), config.tick_seconds, lambda *_: None, ticks.append)
            loop = builder.loop(config.fleets["edge"], "d-1", partial(daemon.wake, "edge"))
            schedule = DateSchedule(daemon.wake)
            running = asyncio.create_task(daemon.run({"edge": loop}, schedule, until_settled=False))

            async def looked(times: int) -> bool:
                assert not running.done()
                return len(ticks) >= times

            try:
                await eventually(partial(looked, 1), within_seconds=30)
                await clients.get(Engines).at(EngineAddress(engine.url)).events.seen()
                await engine.signal(web[1].id, signal.SIGKILL)
                await eventually(partial(looked, 2), within_seconds=30)
                assert all(tick.looked for tick in ticks), ticks
            finally:
                schedule.stop()
                daemon.stop()
                await running
                await loop.stop(5.0)
