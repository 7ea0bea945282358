"""Fleets change under a running daemon; whoever is not spoken of does not notice. On virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.act.share import Alone
from controller.app.build import Builder
from controller.app.daemon import Daemon
from controller.app.fleets import Change, Fleets
from controller.app.heartbeat import Heartbeat
from controller.app.watched import Watch
from controller.domain.errors import ConfigError
from controller.domain.policy import Policy
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.loop import FleetLoop
from tests.app.test_daemon import BUSY, Fleet, Timers
from tests.journal.material import accepted, begun, lease_of
from tests.support.builders import policy
from tests.support.virtual import VirtualClock, run

WEB, API = policy(fleet="web", hash="w1"), policy(fleet="api", hash="a1")


class Played(Fleet):
    """A loop that can go over to another policy and be stopped, and says that it was."""

    def __init__(self, clock: VirtualClock, fleet: str) -> None:
        super().__init__(clock, [replace(BUSY, fleet=fleet)], 30)
        self.fleet = fleet
        self.adopted: list[object] = []
        self.stopped = False

    def adopt(self, site: object, sites: object) -> None:
        self.adopted.append(site)

    async def stop(self, within_seconds: float) -> None:
        self.stopped = True


class Looked(Alone):
    """Counts the looks at who else is there."""

    looks = 0

    async def look(self) -> None:
        self.looks += 1


@dataclass
class Maker:
    """Stands for a Builder: makes played loops, and for a site its policy's hash."""

    clock: VirtualClock
    config: Any
    made: dict[str, Played]
    share: Looked

    def site(self, declared: Policy) -> str:
        return declared.hash

    def past_sites(self) -> None:
        return None

    def loop(self, declared: Policy, owner: str, wake: Callable[[], None]) -> FleetLoop:
        self.made[declared.fleet] = Played(self.clock, declared.fleet)
        return cast(FleetLoop, self.made[declared.fleet])


class Stage:
    """A daemon that runs the fleets of one configuration until the other end of the context."""

    def __init__(self, clock: VirtualClock, *policies: Policy) -> None:
        self.journal = JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))
        self.made: dict[str, Played] = {}
        self.share = Looked()
        self.clock = clock
        self.daemon = Daemon(clock, Heartbeat(clock), 30, lambda *_: None)
        watch = Watch("d-1", clock, lambda *_: None, lambda *_: None)
        self.fleets = Fleets(self.daemon, "d-1", watch, self.journal)
        self.loops = self.fleets.begin(self.builder(*policies))

    def builder(self, *policies: Policy, **telemetry: object) -> Builder:
        fleets = {declared.fleet: declared for declared in policies}
        config = SimpleNamespace(fleets=fleets, telemetry=telemetry)
        return cast(Builder, Maker(self.clock, config, self.made, self.share))

    async def change(self, *policies: Policy, **telemetry: object) -> Change:
        return await self.fleets.change(self.builder(*policies, **telemetry), lambda: None)

    async def during(self, work: Callable[[], Any]) -> None:
        running = asyncio.create_task(self.daemon.run(self.loops, Timers(self.daemon.wake), until_settled=False))
        await self.clock.sleep(40)
        await work()
        await self.clock.sleep(40)
        self.daemon.stop()
        await running


def test_only_what_changed_is_touched() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, WEB, API)
        web, api = stage.made["web"], stage.made["api"]

        async def work() -> None:
            change = await stage.change(replace(WEB, hash="w2"), API, policy(fleet="new", hash="n1"))
            assert change == Change(added=("new",), changed=("web",), removed=())

        await stage.during(work)
        assert (web.adopted, api.adopted) == (["w2"], [])
        assert web.began[:4] == [0, 30, 40, 70], "the changed one is looked at once more, at once"
        assert api.began == [0, 30, 60]
        assert stage.made["new"].began == [40, 70]
        assert stage.share.looks == 1, "whose the new one is was not known before"
        assert (web.stopped, api.stopped) == (False, False)

    run(main)


def test_another_telemetry_source_is_a_change_for_everybody() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, WEB, API)

        async def work() -> None:
            assert (await stage.change(WEB, API, metrics="moved")).changed == ("web", "api")

        await stage.during(work)
        assert stage.share.looks == 0

    run(main)


def test_one_that_is_left_out_ends_its_look_and_gives_its_lease_up() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, WEB, API)
        api = stage.made["api"]

        async def work() -> None:
            assert (await stage.change(WEB)).removed == ("api",)

        await stage.during(work)
        assert (api.began, api.stopped) == ([0, 30], True)
        assert stage.fleets.loops.keys() == {"web"}

    run(main)


def test_one_that_takes_something_up_in_its_last_look_is_kept_and_the_file_refused() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, WEB, API)
        api = stage.made["api"]

        async def last_look() -> None:
            if len(api.began) == 3:
                await clock.sleep(5)
                await begun(stage.journal, await lease_of(stage.journal, "api"), accepted("r-1", fleet="api"))

        api.work = last_look

        async def work() -> None:
            stage.daemon.wake("api")
            await clock.sleep(1)
            with pytest.raises(ConfigError, match=r"leaves out fleets with replacements under way: api \(r-1\)"):
                await stage.change(WEB)

        await stage.during(work)
        assert not api.stopped
        assert api.began[:4] == [0, 30, 40, 45], "and it is looked at again at once"
        assert stage.fleets.loops.keys() == {"web", "api"}

    run(main)


def test_one_that_is_left_out_is_looked_at_again_whatever_stopped_the_change() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, WEB, API)

        async def broken() -> None:
            raise ValueError("a bug")

        async def work() -> None:
            stage.journal.open_replacements = broken  # type: ignore[method-assign,assignment]
            with pytest.raises(ValueError, match="a bug"):
                await stage.change(WEB)

        await stage.during(work)
        assert (stage.made["api"].began[:3], stage.made["api"].stopped) == ([0, 30, 40], False)

    run(main)
