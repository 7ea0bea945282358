"""Commands about a daemon say the same over its API as from its journal, and say what to do when it cannot be asked."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from controller.app.answers import Answers
from controller.app.configuration import load_config
from controller.app.live import Live
from controller.clock import SystemClock
from controller.journal.adapter import JournalAdapter
from controller.record.document import TraceDocument
from controller.web.access import Access, May, Token
from controller.web.api import Api
from controller.web.events import Hub
from controller.web.server import Server
from tests.cli.conftest import Result, repave
from tests.record.stories import replaced
from tests.web.conftest import OPERATOR, READER, SOURCES, filled

RID = replaced()[0].replacement_id


@pytest.fixture
async def daemon(config: Path, journal: JournalAdapter, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """The API over the journal of `config`, and REPAVE_URL and REPAVE_TOKEN that name it."""
    await filled(journal)
    clock = SystemClock()
    tokens = (Token.of("alice", May.OPERATE, OPERATOR), Token.of("dashboard", May.READ, READER))
    answers = Answers(journal, clock, Live(load_config(str(config)), clock.now()))
    server = Server(SOURCES, Api(answers, Access(clock, tokens), Hub(), TraceDocument, "9.9.9"), "127.0.0.1", 0)
    await server.start()
    monkeypatch.setenv("REPAVE_URL", f"http://127.0.0.1:{server.port}/")
    monkeypatch.setenv("REPAVE_TOKEN", OPERATOR)
    with capture_logs():
        yield server
    await server.stop()


async def run(*arguments: str) -> Result:
    """A command in a thread, so that this loop can answer it."""
    return await asyncio.to_thread(repave, *arguments)


def without_times(text: str) -> Any:
    document = json.loads(text)
    document.pop("generated_at", None)
    document.get("config", {}).pop("loaded_at", None)
    return document


LOOKS = [
    ("get", "fleets"),
    ("get", "instances"),
    ("get", "replacements"),
    ("get", "replacements", "--limit", "1"),
    ("get", "requests"),
    ("trace", RID),
]


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
async def test_the_same_is_said_either_way(daemon: Server, config: Path, command: tuple[str, ...]) -> None:
    over_http, from_journal = await run(*command), await run(*command, "-c", str(config))
    assert (over_http.code, over_http.err) == (0, "")
    assert over_http == from_journal
    assert over_http.out
    one, other = await run(*command, "--json"), await run(*command, "--json", "-c", str(config))
    assert without_times(one.out) == without_times(other.out)


async def test_hold_and_resume(daemon: Server, journal: JournalAdapter) -> None:
    held = await run("hold", "web", "--for", "2h", "--reason", "lunch")
    assert (held.code, held.out.startswith("web is held until "), held.out.endswith(" UTC: lunch\n")) == (0, True, True)
    (hold,) = await journal.holds(SystemClock().now())
    assert (hold.by, hold.reason) == ("alice", "lunch"), "it is the token's name that is recorded"
    assert (await run("resume", "web")).out == "web: 1 hold or breaker ended\n"


async def test_replace_and_abort(daemon: Server, config: Path) -> None:
    wish = await run("replace", "i-4", "--reason", "odd noises")
    assert (wish.code, "i-4 of web is to be replaced" in wish.out) == (0, True)
    request_id = wish.out.partition(":")[0]
    assert (await run("get", "requests")).out == (await run("get", "requests", "-c", str(config))).out
    again = await run("replace", "i-4", "--reason", "again")
    assert again.code == 1
    approved = await run("approve", request_id)
    assert (approved.code, request_id in approved.err) == (1, True)
    assert (await run("abort", request_id)).out.startswith(f"{request_id} is off")


SLIPS = [
    ("trace", "r-opne"),
    ("hold", "wbe", "--reason", "x"),
    ("hold", "web", "--reason", " "),
    ("hold", "web", "--reason", "x", "--for", "2 hours"),
    ("resume", "ap"),
    ("approve", "r-0"),
    ("abort", "r-0/../x"),
    ("replace", "i-77", "--reason", "x"),
]


@pytest.mark.parametrize("command", SLIPS, ids=" ".join)
async def test_a_slip_gets_the_same_sentence_either_way(daemon: Server, config: Path, command: tuple[str, ...]) -> None:
    over_http, from_journal = await run(*command), await run(*command, "-c", str(config))
    assert (over_http.code, over_http.out) == (1, "")
    assert over_http.err == from_journal.err


async def test_tokens(daemon: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPAVE_TOKEN", READER)
    assert (await run("get", "fleets")).code == 0
    refused = await run("hold", "web", "--reason", "x")
    assert (refused.code, "the token of dashboard may only read" in refused.err) == (1, True)
    monkeypatch.setenv("REPAVE_TOKEN", "hunter2-0123456789abcdef")
    unknown = await run("get", "fleets")
    assert (unknown.code, "does not take REPAVE_TOKEN: this token is not known here" in unknown.err) == (1, True)
    assert "hunter2" not in unknown.err
    monkeypatch.delenv("REPAVE_TOKEN")
    missing = await run("get", "fleets")
    assert (missing.code, "put it into REPAVE_TOKEN" in missing.err) == (1, True)


async def test_it_shows_changes_until_it_is_told_to_stop(
    daemon: Server, journal: JournalAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    async def pause(self: SystemClock, seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "sleep", pause)
    shown = await run("get", "replacements", "--json", "--watch")
    assert (shown.code, len(looks)) == (130, 3)
    assert shown.out.count('"generated_at"') == 1, "nothing changed, so it is shown once"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:8080", "has to be an address such as http://127.0.0.1:8080"),
        ("ftp://127.0.0.1", "has to be an address"),
        ("http://alice:hunter2@127.0.0.1:1", "takes no user name or password"),
        ("http://127.0.0.1:1?x=hunter2", "has to be an address"),
        ("http://127.0.0.1:1", "REPAVE_URL=http://127.0.0.1:1: nobody answers there"),
        ("http://[", "has to be an address"),
        (f"http://{'a' * 70}.example", "is no Repave, or broke off: "),
    ],
)
def test_an_address_that_cannot_be_asked(url: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPAVE_URL", url)
    result = repave("get", "fleets")
    assert (result.code, words in result.err, result.err.count("\n")) == (1, True, 1), result.err
    assert "hunter2" not in result.err


def test_a_token_that_is_none_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPAVE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("REPAVE_TOKEN", "hunter2\r\nX: y")
    result = repave("get", "fleets")
    assert (result.code, "REPAVE_TOKEN is no token" in result.err, "hunter2" in result.err) == (1, True, False)


def test_without_either_both_are_named() -> None:
    result = repave("get", "fleets")
    assert result.code == 1
    assert "-c CONFIG" in result.err
    assert "REPAVE_URL" in result.err


class Stranger:
    """Something else that speaks HTTP there: answers every request alike."""

    def __init__(self, **answer: Any) -> None:
        self._answer = answer
        self.seen: list[web.Request] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        return web.Response(**self._answer)


@asynccontextmanager
async def listening(stranger: Stranger, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stranger.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


STRANGERS: dict[str, tuple[dict[str, Any], str]] = {
    "a page": ({"text": "<h1>hello</h1>", "content_type": "text/html"}, "is no Repave: it answers 200 with text/html"),
    "nothing": ({"status": 404}, "is no Repave: it answers 404"),
    "half json": ({"text": '{"fleets": [', "content_type": "application/json"}, "is no Repave"),
    "other json": ({"text": '{"fleets": 7}', "content_type": "application/json"}, "is no Repave"),
    "deep json": ({"text": "[" * 100_000, "content_type": "application/json"}, "is no Repave"),
    "elsewhere": ({"status": 302, "headers": {"Location": "https://evil.example/x"}}, "leads on to https://evil"),
    "an older one": ({"text": "{}", "headers": {"Repave-Version": "0.0.1"}}, "is Repave 0.0.1, and this is "),
    "a broken one": ({"status": 500, "text": "\x1b[31mboom"}, "is no Repave: it answers 500"),
}


@pytest.mark.parametrize("name", STRANGERS)
async def test_a_stranger_is_told_apart(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, words = STRANGERS[name]
    stranger = Stranger(**answer)
    async with listening(stranger) as url:
        monkeypatch.setenv("REPAVE_URL", url)
        monkeypatch.setenv("REPAVE_TOKEN", OPERATOR)
        result = await run("get", "fleets")
    assert (result.code, words in result.err, result.err.count("\n")) == (1, True, 1), result.err
    assert result.err.strip().isprintable()
    assert len(stranger.seen) == 1, "and a redirect is not followed"


async def test_what_is_not_http_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    monkeypatch.setenv("REPAVE_URL", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    result = await run("get", "fleets")
    assert (result.code, "is no Repave, or broke off" in result.err) == (1, True), result.err
    monkeypatch.setenv("REPAVE_URL", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    result = await run("get", "fleets")
    assert (result.code, result.err.count("\n")) == (1, 1), result.err
    server.close()


async def test_a_certificate_nobody_vouches_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    stranger = Stranger(text="{}")
    async with listening(stranger, context) as url:
        monkeypatch.setenv("REPAVE_URL", url.replace("http:", "https:"))
        monkeypatch.setenv("REPAVE_TOKEN", OPERATOR)
        result = await run("get", "fleets")
    assert (result.code, "the connection cannot be trusted" in result.err) == (1, True), result.err
    assert stranger.seen == [], "and so the token was not sent"


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    path = folder / "self-signed.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path
