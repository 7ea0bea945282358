"""Reading from an engine and changing it, well and badly: the engine is a socket that says whatever it is told to."""

import asyncio
import gzip
import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from controller.clients.docker import Engine, Engines
from controller.clients.docker_transport import EngineAddress
from controller.domain.errors import Denied, Gone, NoCapacity, Permanent, PlatformError, Throttled, Transient
from controller.domain.laps import Lap, Laps, collecting
from tests.clients.fake_aws import VirtualClock
from tests.clients.raw_engine import PATIENT, STOP, VERSION, RawEngine, Says, container, hurried, listing, refuses, says


async def test_a_read_is_asked_in_a_version_that_is_proven_with_its_parameters(fake: RawEngine, engine: Engine) -> None:
    fake.says(says([{"Id": "1"}]))
    assert await listing(engine) == [{"Id": "1"}]
    version, asked = fake.requests
    assert version.target == "/version"
    assert asked.target.startswith("/v1.41/containers/json?")
    assert asked.query == {"all": "true", "filters": '{"label": ["fleet=edge"]}'}
    assert asked.body == ""


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [("1.41", "1.12", "v1.41"), ("1.52", "1.24", "v1.41"), ("1.52", "1.44", "v1.44"), ("1.40", "1.12", "v1.40")],
)
async def test_the_version_is_one_that_both_speak(
    fake: RawEngine, engine: Engine, newest: str, oldest: str, spoken: str
) -> None:
    fake.version = says({"ApiVersion": newest, "MinAPIVersion": oldest})
    await listing(engine)
    assert fake.requests[-1].target.startswith(f"/{spoken}/containers/json")


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        (says({"ApiVersion": "1.39", "MinAPIVersion": "1.12"}), Permanent, "too old.*1.39.*1.40"),
        (says({"ApiVersion": "1.41/../../x", "MinAPIVersion": "1.12"}), Transient, "makes no sense"),
        (says({"ApiVersion": 1.41}), Transient, "makes no sense"),
        (says([]), Transient, "makes no sense"),
        (Says(b"<html>"), Transient, "makes no sense"),
        (Says(b"[" * 50_000), Transient, "makes no sense"),
        (Says(b" " * 300_000), Permanent, "larger than 0.25 MiB"),
        (says({}, 503), Transient, "does not tell its version .HTTP 503"),
        (Says(hang=True), Transient, "in time"),
    ],
)
async def test_an_engine_that_does_not_tell_its_version_is_asked_for_it_again(
    fake: RawEngine, engine: Engine, version: Says, kind: type[PlatformError], words: str
) -> None:
    fake.version = version
    with hurried(engine) if version.hang else nullcontext():
        with pytest.raises(kind, match=words):
            await listing(engine)
        with pytest.raises(kind, match=words) as caught:
            await engine.mutate(*STOP)
    assert not caught.value.perhaps
    assert fake.calls() == []
    fake.version = says(VERSION)
    assert await listing(engine) == {}
    await engine.mutate(*STOP)


async def test_an_engine_of_another_version_in_the_same_place_is_asked_for_it_again(
    fake: RawEngine, engine: Engine
) -> None:
    await listing(engine)
    fake.version = says({"ApiVersion": "1.52", "MinAPIVersion": "1.44"})
    old = refuses(400, "client version 1.41 is too old. Minimum supported API version is 1.44")
    fake.says(old, says([]))
    assert await listing(engine) == []
    assert fake.requests[-1].target.startswith("/v1.44/")
    fake.says(old)
    with pytest.raises(Transient, match="too old") as caught:
        await engine.mutate(*STOP)
    assert not caught.value.perhaps


async def test_connections_of_before_do_not_pile_up(fake: RawEngine, engine: Engine) -> None:
    fake.says(says([]))
    for _ in range(9):
        await listing(engine)
        engine._transport.forget_version()
    await listing(engine)
    await fake.until(lambda: len(fake.connections) <= 4)


async def test_where_nothing_listens_nothing_happened_and_later_it_works(tmp_path: Path, clock: VirtualClock) -> None:
    fake = RawEngine(tmp_path / "engine.sock")
    engine = Engine(EngineAddress(fake.url), clock, PATIENT)
    for _ in range(2):
        with pytest.raises(Transient, match="no connection to the engine .No such file") as caught:
            await listing(engine)
        assert caught.value.code == "connection"
        with pytest.raises(Transient) as caught:
            await engine.mutate(*STOP)
        assert not caught.value.perhaps
    fake.path.touch()
    with pytest.raises(PlatformError):
        await listing(engine)
    fake.path.unlink()
    async with fake:
        assert await listing(engine) == {}
        assert await engine.mutate(*STOP) == {}
    await engine.aclose()


async def test_an_engine_that_restarts_between_two_calls_is_not_noticed(fake: RawEngine, engine: Engine) -> None:
    for _ in range(3):
        await listing(engine)
        await fake.restart()
        await engine.mutate(*STOP)
        await fake.restart()
        await engine.mutate("ContainerDelete", "/containers/web-1", method="DELETE")
        await fake.restart()
    assert len(fake.calls()) == 9
    assert fake.calls()[-3:] == ["GET /containers/json", "POST /containers/web-1/stop", "DELETE /containers/web-1"]


async def test_reads_keep_their_connection_and_each_mutation_has_its_own(fake: RawEngine, engine: Engine) -> None:
    for _ in range(5):
        await listing(engine)
    before = fake.accepted
    assert before == 1
    for _ in range(3):
        await engine.mutate(*STOP)
    assert fake.accepted == before + 3


async def test_what_is_so_already_is_no_error(fake: RawEngine, engine: Engine) -> None:
    fake.says(Says(b"", 304))
    assert await engine.mutate(*STOP) is None
    with pytest.raises(Permanent, match="304"):
        await listing(engine)


async def test_a_stop_has_its_own_seconds(fake: RawEngine, engine: Engine) -> None:
    fake.says(Says(hang=True))
    loop = asyncio.get_running_loop()
    before = loop.time()
    with hurried(engine), pytest.raises(Transient, match="in time"):
        await engine.mutate(*STOP, seconds=0.4, t=1)
    assert 0.55 < loop.time() - before < 3
    assert fake.requests[-1].query == {"t": "1"}


async def test_a_create_bears_its_name_and_its_body(fake: RawEngine, engine: Engine) -> None:
    fake.says(says({"Id": "abc"}, 201))
    made = await engine.mutate("ContainerCreate", "/containers/create", body={"Image": "web:1"}, name="r-1")
    assert made == {"Id": "abc"}
    assert (fake.requests[-1].query, json.loads(fake.requests[-1].body)) == ({"name": "r-1"}, {"Image": "web:1"})


async def test_an_endless_drip_is_cut_off_within_the_time_for_one_call(fake: RawEngine, engine: Engine) -> None:
    fake.says(Says(b'["' + b"x" * 99, drip=True))
    loop = asyncio.get_running_loop()
    before = loop.time()
    with hurried(engine), pytest.raises(Transient):
        await listing(engine)
    assert loop.time() - before < 2


@pytest.mark.parametrize(
    ("reference", "query"),
    [
        ("web", {"fromImage": "web", "tag": "latest"}),
        ("web:2", {"fromImage": "web:2"}),
        ("example.org:5000/team/web", {"fromImage": "example.org:5000/team/web", "tag": "latest"}),
        ("web@sha256:1234", {"fromImage": "web@sha256:1234"}),
    ],
)
async def test_a_pull_fetches_one_tag(fake: RawEngine, engine: Engine, reference: str, query: dict[str, str]) -> None:
    fake.says(Says(b'{"status":"Pulling"}\r\n{"status":"Status: Image is up to date"}\r\n'))
    await engine.pull(reference)
    assert fake.requests[-1].query == query


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("manifest for web:9 not found: manifest unknown", Gone),
        ("pull access denied for web, repository does not exist or may require 'docker login'", Denied),
        ("toomanyrequests: You have reached your pull rate limit", Throttled),
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", NoCapacity),
        ("net/http: TLS handshake timeout", Transient),
    ],
)
async def test_a_pull_that_fails_within_an_answer_of_status_200_fails(
    fake: RawEngine, engine: Engine, words: str, kind: type[PlatformError]
) -> None:
    row = json.dumps({"errorDetail": {"message": words}, "error": words}).encode()
    fake.says(Says(b'{"status":"Pulling"}\r\n' + row))
    with pytest.raises(kind, match=words[:12]):
        await engine.pull("web:9")


@pytest.mark.parametrize("answer", [Says(b'{"status": "Pull'), Says(b"[]\n[]"), Says(b'{"status":"x"}', short=True)])
async def test_a_pull_that_is_cut_off_perhaps_happened(fake: RawEngine, engine: Engine, answer: Says) -> None:
    fake.says(answer)
    with pytest.raises(Transient) as caught:
        await engine.pull("web:9")
    assert caught.value.perhaps


async def test_logs_come_as_they_are(fake: RawEngine, engine: Engine) -> None:
    fake.says(Says(b"\x01\x00\x00\x00\x00\x00\x00\x03no\n"))
    assert (await engine.read_bytes("ContainerLogs", "/containers/web-1/logs", tail=1))[8:] == b"no\n"


async def test_what_nobody_asked_to_be_packed_is_not_unpacked(fake: RawEngine, engine: Engine) -> None:
    """A thousandth of its size on the wire: the limit on an answer would come too late."""
    fake.says(Says(gzip.compress(b"[" + b" " * 10_000_000 + b"]"), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(Transient, match="makes no sense"):
        await listing(engine)


async def test_every_try_is_timed_and_named(fake: RawEngine, engine: Engine) -> None:
    seen: list[Lap] = []
    fake.says(says({}, 500), says([]))
    with collecting(Laps(seen.append)):
        await listing(engine)
    assert [(lap.name, lap.is_call, lap.error) for lap in seen] == [
        ("docker.ContainerList", True, "500"),
        ("docker.ContainerList", True, ""),
    ]


async def test_engines_are_shared_kept_apart_and_closed_together(tmp_path: Path, clock: VirtualClock) -> None:
    engines = Engines(clock, PATIENT)
    async with RawEngine(tmp_path / "a.sock") as a, RawEngine(tmp_path / "b.sock") as b:
        a.says(says(["a"]))
        b.says(says(["b"]))
        first, second = engines.at(EngineAddress(a.url)), engines.at(EngineAddress(b.url))
        assert first is engines.at(EngineAddress(a.url)) is not second
        assert [await listing(one) for one in (first, second)] == [["a"], ["b"]]
        await b.stop()
        with pytest.raises(Transient):
            await listing(second)
        assert await listing(first) == ["a"]
        await engines.aclose()
        await a.until(lambda: not a.connections)
        await engines.aclose()


async def test_a_closed_engine_can_be_used_again(fake: RawEngine, engine: Engine) -> None:
    await listing(engine)
    await engine.aclose()
    await engine.aclose()
    assert await listing(engine) == {}


async def test_a_call_that_is_given_up_leaves_the_others_alone(fake: RawEngine, engine: Engine) -> None:
    fake.containers["web-1"] = container("web-1")
    fake.says(Says(hang=True))
    hanging = asyncio.create_task(listing(engine))
    await fake.until(fake.calls)
    hanging.cancel()
    await asyncio.wait((hanging,))
    assert hanging.cancelled()
    assert (await engine.read("ContainerInspect", "/containers/web-1/json"))["Name"] == "/web-1"


async def test_many_at_once_share_few_connections_and_one_version(fake: RawEngine, engine: Engine) -> None:
    fake.says(says([]))
    await asyncio.gather(*(listing(engine) for _ in range(60)))
    assert fake.accepted <= 16
    assert [one.path for one in fake.requests].count("/version") == 1
