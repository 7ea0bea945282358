"""What an engine answers when something is wrong, and whether it may have happened all the same."""

import json
import re
from contextlib import nullcontext

import pytest

from controller.clients.docker import Engine
from controller.domain.errors import Denied, Gone, NoCapacity, Permanent, PlatformError, Throttled, Transient
from tests.clients.raw_engine import STOP, RawEngine, Says, hurried, listing, refuses, says

BROKEN: list[tuple[Says, type[PlatformError], str]] = [
    (Says(hang=True), Transient, "timeout"),
    (Says(reset=True), Transient, "connection"),
    (Says(b'{"a": 1}', short=True), Transient, "connection"),
    (Says(b'{"a": "' + b"x" * 99, drip=True), Transient, "timeout"),
    (Says(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), Transient, "unreadable"),
    (Says(raw=b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\n"), Transient, "unreadable"),
    (Says(raw=b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 99_999), Transient, "unreadable"),
    (Says(raw=b"\x00\xff" * 99), Transient, "unreadable"),
    (Says(b'{"a": '), Transient, "unreadable"),
    (Says(b"\xff\xfe"), Transient, "unreadable"),
    (Says(b"[" * 50_000), Transient, "unreadable"),
    (Says(b"[" + b"1," * 60_000 + b"1]"), Permanent, "too_large"),
    (Says(b"<html>Bad gateway</html>", 502, "text/html"), Transient, "502"),
    (Says(b"", 500), Transient, "500"),
    (refuses(503, "the engine is going down"), Transient, "503"),
]


@pytest.mark.parametrize(("answer", "kind", "code"), BROKEN)
async def test_what_went_wrong_after_a_mutation_was_sent_perhaps_happened(
    fake: RawEngine, engine: Engine, answer: Says, kind: type[PlatformError], code: str
) -> None:
    await listing(engine)
    fake.says(answer)
    for operation, path, method in ((*STOP, "POST"), ("ContainerDelete", "/containers/web-1", "DELETE")):
        fake.requests.clear()
        with hurried(engine) if code == "timeout" else nullcontext(), pytest.raises(kind) as caught:
            await engine.mutate(operation, path, method=method)
        assert caught.value.perhaps
        assert (caught.value.call, caught.value.code) == (f"docker.{operation}", code)
        assert len(fake.calls()) == 1, "a mutation is made once, whatever becomes of it"


@pytest.mark.parametrize(("answer", "kind", "code"), BROKEN)
async def test_a_read_that_went_wrong_is_tried_again_and_never_perhaps(
    fake: RawEngine, engine: Engine, answer: Says, kind: type[PlatformError], code: str
) -> None:
    fake.says(answer)
    with hurried(engine) if code == "timeout" else nullcontext(), pytest.raises(kind) as caught:
        await listing(engine)
    assert not caught.value.perhaps
    assert len(fake.calls()) in ((3, 6) if kind is Transient else (1,)), "aiohttp asks again at once after a reset"
    fake.says(says([]) if code == "timeout" else answer, says([]))
    if kind is Transient:
        assert await listing(engine) == []


REFUSED: list[tuple[Says, type[PlatformError], str]] = [
    (refuses(400, "invalid reference format"), Permanent, "400"),
    (refuses(401, "no"), Denied, "401"),
    (Says(b"<html><body>403 Forbidden</body></html>", 403, "text/html"), Denied, "403"),
    (refuses(404, "No such container: web-1"), Gone, "404"),
    (refuses(405, "no"), Permanent, "405"),
    (refuses(409, "removal of container web-1 is already in progress"), Permanent, "conflict"),
    (refuses(429, "slow down"), Throttled, "throttled"),
    (Says(b"", 301, headers={"Location": "/v1.41/containers/web-1/exec"}), Permanent, "301"),
    (says(["odd"], 418), Permanent, "418"),
    (refuses(403, "Address already in use"), NoCapacity, "no_capacity"),
]


@pytest.mark.parametrize(("answer", "kind", "code"), REFUSED)
async def test_what_the_engine_refused_did_not_happen(
    fake: RawEngine, engine: Engine, answer: Says, kind: type[PlatformError], code: str
) -> None:
    fake.says(answer)
    with pytest.raises(kind) as caught:
        await engine.mutate(*STOP)
    assert not caught.value.perhaps
    assert caught.value.code in (code, answer.status and str(answer.status))
    assert "<html>" not in str(caught.value)
    assert fake.calls() == ["POST /containers/web-1/stop"]


@pytest.mark.parametrize(
    "words",
    [
        "write /var/lib/docker/overlay2/a-init/diff: no space left on device",
        "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated",
        "listen tcp4 0.0.0.0:8080: bind: address already in use",
        "failed to start shim: fork/exec: cannot allocate memory",
        "could not find an available, non-overlapping IPv4 address pool among the defaults",
        "no available IPv4 addresses on this network's address pools: web",
        "open /proc/self/fd: too many open files",
    ],
)
async def test_a_host_without_room_is_no_capacity_and_perhaps_a_part_was_done(
    fake: RawEngine, engine: Engine, words: str
) -> None:
    fake.says(refuses(500, words))
    with pytest.raises(NoCapacity, match=re.escape(words[:20])) as caught:
        await engine.mutate("ContainerCreate", "/containers/create", body={}, name="r-1")
    assert (caught.value.perhaps, caught.value.code) == (True, "no_capacity")


@pytest.mark.parametrize(
    "words",
    [
        'exec: "web --password hunter2-hunter2": executable file not found in $PATH',
        "Get https://repave:hunter2-hunter2@registry.example.org/v2/: connection refused",
        "invalid environment variable: DB_PASSWORD=hunter2-hunter2",
        "hunter: \x1b[2J\nno such thing",
    ],
)
async def test_the_engines_words_are_told_on_one_line_and_without_secrets(
    fake: RawEngine, engine: Engine, words: str
) -> None:
    """A command, an address or an environment may stand in them, and they end up in logs and traces."""
    fake.says(refuses(400, words))
    with pytest.raises(Permanent) as refused:
        await engine.mutate(*STOP)
    fake.says(Says(b'{"error": ' + json.dumps(words).encode() + b"}"))
    with pytest.raises(PlatformError) as failed:
        await engine.pull("web:1")
    for text in (str(refused.value), str(failed.value)):
        assert "hunter2" not in text
        assert text.isprintable()
