"""The daemon's endpoints on a real socket, over a real journal with two fleets in it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout

from controller.app.answers import Answers
from controller.app.configuration import specs
from controller.app.live import Live
from controller.clock import SystemClock
from controller.decide.explain import explain
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.record.document import TraceDocument
from controller.settings import load
from controller.web.access import Access, May, Token
from controller.web.api import Api
from controller.web.events import Hub
from controller.web.server import Answer, Server, Sources
from tests.journal.material import NOON, accepted, begun, lease_of
from tests.record.stories import replaced
from tests.simulation.daemon import RULES
from tests.support.builders import IMAGE_AGE, all_fine, instances, policy, signal, snapshot

READER, OPERATOR = "reader-0123456789abcdef", "operator-0123456789abcdef"
TOKENS = (Token.of("dashboard", May.READ, READER), Token.of("alice", May.OPERATE, OPERATOR))

CONFIG = """\
version: 1
mode: act
state: sqlite:///{state}
fleets:
  web: {{asg: {{name: web, region: eu-west-1}}, max_image_age: 30d}}
  api: {{asg: {{name: api, region: eu-west-1}}, max_age: 60d}}
"""


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@dataclass
class Served:
    """A running server, what it speaks for, and a client of it without a token."""

    server: Server
    journal: JournalAdapter
    access: Access
    hub: Hub
    live: Live
    client: ClientSession

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        return await self.ask("GET", path, **options)

    async def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> tuple[int, Any]:
        """Status and JSON. path: below /api/v1."""
        headers = {**(bearer(token) if token else {}), **options.pop("headers", {})}
        async with self.client.request(method, f"/api/v1{path}", headers=headers, **options) as response:
            return response.status, await response.json(content_type=None)


def report() -> dict[str, Any]:
    """What a look at four instances comes to, one of them aged, two of those that wait."""
    members = instances(4)
    present = replace(
        snapshot(members, now=NOON),
        signals=all_fine(members, i_1=signal(90 * 86400.0, unit="s"), i_2=signal(80 * 86400.0, unit="s")),
    )
    declared = policy(IMAGE_AGE)
    judgement = judge(present, declared)
    return explain(present, judgement, plan(present, judgement, declared, RULES), declared)


async def filled(journal: JournalAdapter) -> None:
    """One look at web, one replacement from its beginning to its end, another open."""
    lease = await lease_of(journal)
    await journal.record_tick(TickRecord("web", NOON, "4 instances: 2 aged, 2 healthy", Memory(), report()), lease)
    first, *rest = replaced()
    await begun(journal, lease, first)
    await journal.append(rest, lease)
    await begun(journal, lease, accepted("r-open", predecessor="i-3"))


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[JournalAdapter]:
    sql = SqlJournal.open(f"sqlite:///{tmp_path / 'journal.db'}", None)
    adapter = JournalAdapter(sql)
    await filled(adapter)
    yield adapter
    sql.close()


async def _ready() -> Answer:
    return Answer(True, "ready: configuration and journal are good")


async def _metrics() -> bytes:
    return b"repave_build_info 1.0\n"


SOURCES = Sources(lambda: Answer(True, "alive: the last heartbeat was 1 s ago"), _ready, _metrics)


@pytest.fixture
async def served(journal: JournalAdapter, tmp_path: Path) -> AsyncIterator[Served]:
    """With tokens; `access.replace(())` takes them away."""
    clock = SystemClock()
    config = load(CONFIG.format(state=tmp_path / "journal.db"), "repave.yaml", specs())
    live, access, hub = Live(config, NOON), Access(clock, TOKENS), Hub()
    api = Api(Answers(journal, clock, live), access, hub, TraceDocument, "1.2.3")
    server = Server(SOURCES, api, "127.0.0.1", 0)
    await server.start()
    timeout = ClientTimeout(total=30)
    async with ClientSession(f"http://127.0.0.1:{server.port}", timeout=timeout) as client:
        yield Served(server, journal, access, hub, live, client)
    await server.stop()
