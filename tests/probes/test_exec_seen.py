"""exec_seen: who ran what in a container, as its engine tells; what was not watched is unknown for a while."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from controller.app.clients import SharedClients
from controller.clients.docker_transport import EngineAddress
from controller.domain.errors import PlatformError
from controller.domain.model import Instance, Signal, Unknown
from controller.domain.ports import Probe
from probes.exec_seen import PROBE, UNSURE_SECONDS, ExecSeenOptions
from tests.clients.engine_watch import Hand, comes_back
from tests.clients.raw_engine import RING, RawEngine, Says, says
from tests.probes.asking import asking
from tests.probes.engine import value, why
from tests.probes.fleet import instance

ID = "web-1-id0000"
OTHER = "web-2-id0000"
CHECK = ["CMD-SHELL", "wget -q http://127.0.0.1/health || exit 1"]
RUN_CHECK = "/bin/sh -c wget -q http://127.0.0.1/health || exit 1"
EXEC = "cd" * 32


@dataclass
class Stage:
    fake: RawEngine
    hand: Hand
    probe: Probe
    born_seconds_ago: float = 3600.0

    @property
    def addresses(self) -> tuple[EngineAddress, ...]:
        return (EngineAddress(self.fake.url),)

    def container(self, container_id: str = ID) -> Instance:
        born_at = datetime.fromtimestamp(1_795_000_000, UTC) - timedelta(seconds=self.born_seconds_ago)
        return instance(container_id, group=self.fake.url, launched_at=born_at)

    async def read(self, *excepted: str) -> Signal | Unknown:
        options = ExecSeenOptions.model_validate({"except": excepted})
        rule = {"probe": PROBE.name, "threshold": PROBE.threshold}
        question = asking(options, self.container(), at=self.hand.now(), **rule)
        return (await self.probe.read(question))[ID]

    def inspected(self, container_id: str = ID, **config: Any) -> None:
        self.fake.containers[container_id] = {"Config": {"Healthcheck": {"Test": CHECK}, **config}, "ExecIDs": None}

    def execs(self, command: str, name: str = "web-1") -> None:
        """Somebody runs a command to its end."""
        for what in ("create", "start"):
            self.fake.happens(f"exec_{what}: {command}", name)
        self.fake.happens("exec_die", name, exitCode="0")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """An engine that has been watched since before its containers were born."""
    async with RawEngine(tmp_path / "engine.sock") as fake:
        hand = Hand(fake)
        clients = SharedClients(hand)
        found = Stage(fake, hand, PROBE.build(None, _Platform((EngineAddress(fake.url),)), clients))
        fake.now -= 7200
        fake.happens("create", "something-old")
        fake.now = 1_795_000_000.0
        found.inspected()
        yield found
        await clients.aclose()


@dataclass(frozen=True)
class _Platform:
    addresses: tuple[EngineAddress, ...]


async def test_a_container_that_nobody_entered_counts_none(stage: Stage) -> None:
    stage.execs(RUN_CHECK)
    stage.execs("sh", "web-2")
    found = await stage.read()
    assert value(found) == 0
    assert isinstance(found, Signal)
    assert (found.samples, found.unit) == ((), "commands")
    assert PROBE.threshold is not None
    assert not PROBE.threshold.breached(0.0)


async def test_a_command_that_somebody_ran_counts_and_is_told(stage: Stage) -> None:
    await stage.read()
    stage.execs("sh -c id")
    stage.execs("sh -c id")
    stage.execs("touch /x password=hunter2")
    stage.execs(RUN_CHECK)
    await stage.hand.moves(2)
    found = await stage.read()
    assert value(found) == 3
    assert isinstance(found, Signal)
    assert [sample.partition(" (")[0] for sample in found.samples] == ["touch /x [redacted]", "sh -c id"]
    assert "2 times, last 2026-11-18 " in found.samples[1]
    assert PROBE.threshold is not None
    assert PROBE.threshold.breached(value(found))
    assert PROBE.lasting


@pytest.mark.parametrize(
    ("test", "shell", "command"),
    [
        (["CMD", "/health"], None, "/health "),
        (["CMD", "/bin/wget", "-q", "http://x/"], None, "/bin/wget -q http://x/"),
        (["CMD-SHELL", "true || false"], None, "/bin/sh -c true || false"),
        (["CMD-SHELL", "true"], ["/bin/bash", "-lc"], "/bin/bash -lc true"),
        (["CMD-SHELL", f"echo {'x' * 900}"], None, f"/bin/sh -c echo {'x' * 900}"),
        (["CMD-SHELL", "echo a: b"], None, "/bin/sh -c echo a: b"),
    ],
)
async def test_its_own_health_check_is_nobody(
    stage: Stage, test: list[str], shell: list[str] | None, command: str
) -> None:
    stage.inspected(Healthcheck={"Test": test}, Shell=shell)
    stage.execs(command)
    await stage.hand.moves(2)
    assert value(await stage.read()) == 0


@pytest.mark.parametrize(
    "config", [{"Healthcheck": None}, {"Healthcheck": {"Test": ["NONE"]}}, {"Healthcheck": {"Test": []}}]
)
async def test_without_a_health_check_there_is_none_to_except(stage: Stage, config: dict[str, Any]) -> None:
    stage.inspected(**config)
    stage.execs(RUN_CHECK)
    await stage.hand.moves(2)
    assert value(await stage.read()) == 1


async def test_what_is_tacked_on_to_the_health_check_is_not_the_health_check(stage: Stage) -> None:
    stage.execs(f"{RUN_CHECK}; cat /etc/shadow")
    await stage.hand.moves(2)
    assert value(await stage.read()) == 1


async def test_a_declared_command_may_be_run_with_any_arguments(stage: Stage) -> None:
    for command in ("/usr/bin/my-check", "/usr/bin/my-check --deep", "/usr/bin/my-checks"):
        stage.execs(command)
    await stage.hand.moves(2)
    assert value(await stage.read("/usr/bin/my-check")) == 1
    assert value(await stage.read()) == 3


async def test_a_shell_that_is_open_counts_though_nobody_saw_it_open(stage: Stage) -> None:
    stage.fake.containers[ID]["ExecIDs"] = [EXEC]
    stage.fake.says(says({"ProcessConfig": {"entrypoint": "bash", "arguments": ["-l"]}}))
    found = await stage.read()
    assert value(found) == 1
    assert isinstance(found, Signal)
    assert found.samples == ("bash -l (running now)",)
    assert f"GET /exec/{EXEC}/json" in stage.fake.calls()
    assert all(call.startswith("GET ") for call in stage.fake.calls())


@pytest.mark.parametrize(
    "answer",
    [
        says({"ProcessConfig": {"entrypoint": "/bin/sh", "arguments": ["-c", CHECK[1]]}}),
        says({"message": "No such exec"}, 404),
    ],
    ids=["the health check", "over already"],
)
async def test_an_exec_that_runs_now_may_be_the_health_check_or_over(stage: Stage, answer: Says) -> None:
    stage.fake.containers[ID]["ExecIDs"] = [EXEC]
    stage.fake.says(answer)
    assert value(await stage.read()) == 0


async def test_a_break_of_the_stream_that_the_engine_can_bridge_is_none(stage: Stage) -> None:
    await stage.read()
    stage.fake.happens("start", "web-9")
    await stage.hand.moves(2)
    await stage.read()
    await stage.fake.stop()
    stage.execs("sh")
    await stage.fake.start()
    await comes_back(stage.fake, stage.hand)
    assert value(await stage.read()) == 1


async def test_a_time_that_was_not_seen_leaves_it_unknown_for_a_bounded_time(stage: Stage) -> None:
    await stage.read()
    await stage.hand.moves(20)
    await stage.fake.restart()
    stage.fake.happens("start", "web-9")
    await comes_back(stage.fake, stage.hand)
    found = await stage.read()
    assert "was not seen; counted again from " in why(found)
    await stage.hand.moves(UNSURE_SECONDS / 2)
    assert isinstance(await stage.read(), Unknown)
    await stage.hand.moves(UNSURE_SECONDS / 2 + 5)
    again = await stage.read()
    assert value(again) == 0
    assert isinstance(again, Signal)
    assert "(not all was seen before 2026-11-18 " in again.query


async def test_what_was_seen_counts_however_much_was_not(stage: Stage) -> None:
    await stage.read()
    stage.execs("sh")
    await stage.hand.moves(20)
    await stage.fake.restart()
    stage.fake.happens("start", "web-9")
    await comes_back(stage.fake, stage.hand)
    assert value(await stage.read()) == 1


async def test_a_container_older_than_the_watch_is_unknown_at_first_and_a_younger_one_is_not(stage: Stage) -> None:
    for _ in range(RING):
        stage.fake.happens("exec_die", "web-9")
    assert "was not seen" in why(await stage.read())
    stage.born_seconds_ago = -60
    await stage.hand.moves(100)
    assert value(await stage.read()) == 0


async def test_a_stream_that_is_broken_sees_nothing_and_says_why(stage: Stage) -> None:
    await stage.read()
    stage.fake.events = Says(b"no", 500)
    stage.fake.cut()
    with pytest.raises(PlatformError, match="SystemEvents"):
        await stage.read()


async def test_an_engine_that_lets_nobody_look_is_the_fault_itself(stage: Stage) -> None:
    stage.fake.containers.clear()
    stage.fake.says(says({"message": "no"}, 403))
    with pytest.raises(PlatformError):
        await stage.read()


async def test_many_containers_of_one_engine_are_one_look_at_its_events(stage: Stage) -> None:
    await stage.read()
    before = stage.fake.calls().count("GET /events")
    stage.inspected(OTHER)
    both = asking(ExecSeenOptions(), stage.container(), stage.container(OTHER), at=stage.hand.now(), probe=PROBE.name)
    found = await stage.probe.read(both)
    assert [value(found[one]) for one in (ID, OTHER)] == [0, 0]
    assert stage.fake.calls().count("GET /events") == before + 1


@pytest.mark.parametrize("command", ["", " ", "a\nb", 5, "x" * 600])
def test_a_command_that_is_none_is_refused(command: object) -> None:
    with pytest.raises(ValidationError):
        ExecSeenOptions.model_validate({"except": [command]})
