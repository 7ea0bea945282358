"""Commands run in this process, on real files; `world` is an embedded AWS for those that look at one."""

import io
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from controller.cli.command import run_command
from controller.demo.process import RunningWorld, running_world
from controller.demo.scenario import StatusCheck, TargetState
from controller.demo.scenarios import fleet, quick
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal

CONFIG = """\
version: 1
mode: {mode}
state: sqlite:///{state}
listen: 127.0.0.1:0
fleets:
  web:
    asg: {{name: web, region: eu-west-1}}
    max_image_age: 30d
    degraded_when:
      - {{name: failing checks, target_health: {{}}, for: 0s}}
      - {{name: host impaired, ec2_status: {{}}, for: 2m}}
  api:
    asg: {{name: api, region: eu-west-1}}
    max_age: 60d
"""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


def repave(*arguments: str) -> Result:
    """Run a command as a pipe would see it, in a thread, because it brings its own event loop."""
    out, err = io.StringIO(), io.StringIO()
    with ThreadPoolExecutor(max_workers=1) as thread, redirect_stdout(out), redirect_stderr(err):
        code = thread.submit(run_command, arguments).result()
    return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def _no_settings_of_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment nor the folder says anything about Repave."""
    for name in [name for name in os.environ if name.startswith(("REPAVE_", "OTEL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose journal is not there yet."""
    return written(tmp_path)


def written(folder: Path, mode: str = "act") -> Path:
    path = folder / "conf.yaml"
    path.write_text(CONFIG.format(mode=mode, state=folder / "journal.db"), encoding="utf-8")
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalAdapter]:
    """The journal of `config`, made by this."""
    sql = SqlJournal.open(f"sqlite:///{tmp_path / 'journal.db'}", None)
    yield JournalAdapter(sql)
    sql.close()


@dataclass(frozen=True)
class Cloud:
    """An embedded AWS with the fleets of CONFIG: one aged, one failing its checks, one protected, one silent."""

    world: RunningWorld
    wire_log: Path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    web = fleet("web", instances=6, aged=2, headroom=3)
    members = list(web.members)
    members[1] = members[1].model_copy(update={"protected": True})
    members[5] = members[5].model_copy(update={"target": TargetState.UNHEALTHY})
    members[4] = members[4].model_copy(update={"status": StatusCheck.INSUFFICIENT_DATA})
    web = web.model_copy(update={"members": tuple(members)})
    wire_log = tmp_path_factory.mktemp("cloud") / "wire.jsonl"
    scenario = quick(web, fleet("api", instances=2))
    async with running_world(scenario, wire_log=wire_log, ready_within_seconds=60) as world:
        yield Cloud(world, wire_log)


@pytest.fixture
def aws(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The same, seen by the commands of this test as AWS."""
    before = dict(os.environ)
    for name in before:
        monkeypatch.delenv(name)
    for name, value in cloud.world.environment(before).items():
        monkeypatch.setenv(name, value)
    return cloud
