"""A configuration that changes where it is kept is read again once; a file only when it has stopped changing."""

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from structlog.testing import capture_logs

from controller.app.clients import SharedClients
from controller.app.config_source import ConfigSource, Found
from controller.app.config_watch import FILE_SECONDS, MISSED, ConfigWatch
from controller.app.configuration import specs
from controller.app.live import Live
from controller.domain.errors import ConfigError, ConfigUnreachable
from controller.settings import Config, load
from tests.support.virtual import START, VirtualClock, run

TEXT = "version: 1\nfleets:\n  web: {asg: {name: web, region: eu-west-1}, max_image_age: 30d}\n"
NEWER = TEXT.replace("30d", "20d")
Body = Callable[["Watched"], Awaitable[None]]


def config(text: str = TEXT, **changes: object) -> Config:
    return replace(load(text, "repave.yaml", specs()), **changes)  # type: ignore[arg-type]


@dataclass
class Store:
    """A remote source: the answers in turn, the last for ever; what was asked for, and when."""

    answers: list[Found | Exception | None]
    clock: VirtualClock
    name: str = "s3://bucket/key"
    remote: bool = True
    asked: list[tuple[float, str]] = field(default_factory=list)

    async def find(self, _: object, unless: str = "") -> Found | None:
        self.asked.append(((self.clock.now() - START).total_seconds(), unless))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Watched:
    """A watch, and when it gave notice."""

    watch: ConfigWatch
    live: Live
    clock: VirtualClock
    noticed: list[float]

    def notice(self) -> None:
        self.noticed.append((self.clock.now() - START).total_seconds())


def watching(clock: VirtualClock, source: object, in_force: Config | None = None) -> Watched:
    live = Live(in_force or config(), clock.now())
    watched = Watched(cast(ConfigWatch, None), live, clock, [])
    watched.watch = ConfigWatch(cast(ConfigSource, source), SharedClients(clock), clock, live, watched)
    return watched


def found(text: str, version: str = "", mark: str = "") -> Found:
    return Found(text, version, mark or f"mark of {text}{version}")


# --- in a store ------------------------------------------------------------------------------------------------------


def test_what_is_in_force_already_is_not_news_and_a_newer_one_is_once() -> None:
    async def main(clock: VirtualClock) -> None:
        old, new = found(TEXT, "v1"), found(NEWER, "v2")
        store = Store([old, None, new, None], clock)
        watched = watching(clock, store, config(version="v1"))
        for _ in range(5):
            await watched.watch.look()
        assert len(watched.noticed) == 1
        assert [mark for _, mark in store.asked] == ["", old.mark, old.mark, new.mark, new.mark]

    run(main)


def test_what_was_seen_is_read_again_at_its_pace_until_it_is_in_force() -> None:
    """Whoever reads it again may be given the older one, by a store whose copies do not agree at once."""

    async def main(clock: VirtualClock) -> None:
        watched = watching(clock, Store([found(NEWER, "2"), None], clock), config(version="1", reload_every_seconds=60))
        task = asyncio.create_task(watched.watch.run())
        await clock.sleep(70)
        watched.live.take(config(version="1", reload_every_seconds=60), clock.now())
        await clock.sleep(60)
        assert len(watched.noticed) == 2, "the older one was taken once more"
        watched.live.take(config(NEWER, version="2", reload_every_seconds=60), clock.now())
        await clock.sleep(600)
        assert len(watched.noticed) == 2
        task.cancel()

    run(main)


def test_the_same_text_under_another_version_is_news_for_the_traces() -> None:
    async def main(clock: VirtualClock) -> None:
        watched = watching(clock, Store([found(TEXT, "v2")], clock), config(version="v1"))
        await watched.watch.look()
        assert len(watched.noticed) == 1

    run(main)


def test_it_looks_at_its_pace_give_or_take_a_tenth() -> None:
    async def main(clock: VirtualClock) -> None:
        store = Store([None], clock)
        watched = watching(clock, store, config(reload_every_seconds=60))
        task = asyncio.create_task(watched.watch.run())
        await clock.sleep(660)
        watched.live.take(config(reload_every_seconds=0), clock.now())
        await clock.sleep(60)
        before = len(store.asked)
        await clock.sleep(600)
        assert len(store.asked) == before, "0s: no more"
        watched.live.take(config(reload_every_seconds=5), clock.now())
        await clock.sleep(60)
        assert len(store.asked) >= before + 9, "and a configuration that says so has it look again"
        task.cancel()
        times = [at for at, _ in store.asked[:10]]
        pauses = {round(later - earlier, 3) for earlier, later in itertools.pairwise(times)}
        assert all(54 <= pause <= 66 for pause in pauses), pauses
        assert len(pauses) > 5, "replicas do not ask together"

    run(main)


def test_a_store_that_does_not_answer_is_told_once_and_refused_when_it_lasts() -> None:
    async def main(clock: VirtualClock) -> None:
        away = ConfigUnreachable("s3://bucket/key: the configuration cannot be read just now: no answer in time.")
        watched = watching(clock, Store([away, away, None, away, away, away], clock))
        with capture_logs() as lines:
            for _ in range(2 + 1 + MISSED - 1):
                await watched.watch.look()
            assert watched.noticed == []
            assert len(lines) == 2, "once for each time that it was away"
            await watched.watch.look()
        assert len(watched.noticed) == 1

    run(main)


def test_what_is_refused_is_read_again_at_its_pace_because_the_reason_may_have_ended() -> None:
    async def main(clock: VirtualClock) -> None:
        watched = watching(clock, Store([None], clock), config(reload_every_seconds=60))
        watched.live.refuse(("leaves out a fleet with replacements under way",), clock.now())
        task = asyncio.create_task(watched.watch.run())
        await clock.sleep(60 * 10)
        task.cancel()
        assert 8 <= len(watched.noticed) <= 10

    run(main)


def test_what_is_gone_is_read_again_so_that_reading_says_why() -> None:
    async def main(clock: VirtualClock) -> None:
        watched = watching(clock, Store([ConfigError("s3://bucket/key: there is no such object.")], clock))
        await watched.watch.look()
        assert len(watched.noticed) == 1

    run(main)


# --- in a file -------------------------------------------------------------------------------------------------------


def watched_file(path: Path, body: Body) -> None:
    path.write_text(TEXT, encoding="utf-8")

    async def main(clock: VirtualClock) -> None:
        watched = watching(clock, ConfigSource(str(path), {}))
        await watched.watch.look()
        assert watched.noticed == []
        await body(watched)

    run(main)


def test_a_file_that_was_written_anew_is_news_even_with_its_old_date(tmp_path: Path) -> None:
    path = tmp_path / "repave.yaml"

    async def body(watched: Watched) -> None:
        before = path.stat()
        path.write_text(NEWER, encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        await watched.watch.look()
        await watched.watch.look()
        assert len(watched.noticed) == 1

    watched_file(path, body)


def test_a_link_that_is_swapped_as_kubernetes_does_is_news(tmp_path: Path) -> None:
    for name, text in (("..1", TEXT), ("..2", NEWER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "repave.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "repave.yaml").symlink_to("..data/repave.yaml")

    async def main(clock: VirtualClock) -> None:
        watched = watching(clock, ConfigSource(str(tmp_path / "repave.yaml"), {}))
        await watched.watch.look()
        (tmp_path / "..new").symlink_to("..2")
        (tmp_path / "..new").rename(tmp_path / "..data")
        await watched.watch.look()
        assert len(watched.noticed) == 1

    run(main)


def test_a_file_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "repave.yaml"

    async def body(watched: Watched) -> None:
        async def write() -> None:
            for end in range(0, len(NEWER), 40):
                path.write_text(NEWER[:end], encoding="utf-8")
                await watched.clock.sleep(0.9)
            path.write_text(NEWER, encoding="utf-8")

        writing = asyncio.create_task(write())
        await watched.clock.sleep(0.1)
        await watched.watch.look()
        assert writing.done()
        assert len(watched.noticed) == 1
        assert path.read_text(encoding="utf-8") == NEWER

    watched_file(path, body)


def test_a_file_is_looked_at_every_few_seconds(tmp_path: Path) -> None:
    path = tmp_path / "repave.yaml"

    async def body(watched: Watched) -> None:
        task = asyncio.create_task(watched.watch.run())
        await watched.clock.sleep(60)
        path.write_text(NEWER, encoding="utf-8")
        await watched.clock.sleep(FILE_SECONDS * 1.1 + 1.1)
        assert len(watched.noticed) == 1
        task.cancel()

    watched_file(path, body)
