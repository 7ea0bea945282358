"""The one way to telemetry over HTTP: bounds, retries, translation, and secrets that are never told."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.clients.http import Http, HttpBounds, HttpSource
from controller.clients.http_options import Credential, Endpoint
from controller.clients.option_types import SecretRef
from controller.domain.errors import Denied, Gone, Permanent, PlatformError, Throttled, Transient
from tests.clients.fake_aws import VirtualClock
from tests.clients.fake_http import FakeHttp
from tests.support.answering import Says, says

SECRET = "hunter2-hunter2"
TOKEN = Credential("bearer", SecretRef("env", "SOURCE_TOKEN"))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def clients(clock: VirtualClock) -> AsyncIterator[SharedClients]:
    shared = SharedClients(clock)
    shared._made[Http] = Http(clock, HttpBounds(answer_bytes=100_000))
    yield shared
    await shared.aclose()


@pytest.fixture
async def hasty(clock: VirtualClock) -> AsyncIterator[SharedClients]:
    """Clients that give an answer up very soon."""
    shared = SharedClients(clock)
    shared._made[Http] = Http(clock, HttpBounds(answer_seconds=0.3))
    yield shared
    await shared.aclose()


@pytest.fixture
async def fake() -> AsyncIterator[FakeHttp]:
    async with FakeHttp() as server:
        yield server


def whole(content: Any) -> Any:
    return content


def source(fake: FakeHttp, clients: SharedClients, **more: Any) -> HttpSource:
    return HttpSource(Endpoint("store", fake.url, **more), clients)


async def failure(asked: HttpSource) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await asked.ask("store.query", "/q", whole, form={"query": "up"})
    return caught.value


async def test_a_form_and_a_document_are_posted_and_the_json_comes_back(fake: FakeHttp, clients: SharedClients) -> None:
    fake.says(says({"a": 1}))
    asked = source(fake, clients, headers=(("X-Scope-OrgID", "web"),))
    assert await asked.ask("store.query", "/q", whole, form={"query": "up{a='b'} > 1"}) == {"a": 1}
    assert await asked.ask("store.query", "/g", lambda body: body["a"], document={"query": "{x}"}) == 1
    form, document = fake.requests
    assert (form.path, form.form) == ("/q", {"query": "up{a='b'} > 1"})
    assert (document.path, document.document) == ("/g", {"query": "{x}"})
    assert form.headers["X-Scope-OrgID"] == "web"
    assert form.headers["Accept-Encoding"] == "identity"


# --- what is no answer -----------------------------------------------------------------------------------------------

HTML = Says("<html>Sign in</html>", kind="text/html")
TABLE: dict[str, tuple[Says, type[PlatformError], int]] = {
    "bad request": (says({"error": "bad query"}, 400), Permanent, 1),
    "unauthorized": (says({}, 401), Denied, 1),
    "forbidden": (says({}, 403), Denied, 1),
    "not found": (says({}, 404), Gone, 1),
    "too slow to be asked": (says({}, 408), Transient, 3),
    "unprocessable": (says({}, 422), Permanent, 1),
    "too many": (says({}, 429), Throttled, 1),
    "internal": (says({}, 500), Transient, 3),
    "gateway": (Says("<html>", 502, kind="text/html"), Transient, 3),
    "unavailable": (says({}, 503), Transient, 3),
    "redirect": (Says(status=302, headers={"Location": "http://127.0.0.1:1/?token=hunter2-hunter2"}), Permanent, 1),
    "html": (HTML, Transient, 3),
    "no content": (Says(status=204), Permanent, 1),
    "garbage": (Says("{nonsense"), Transient, 3),
    "empty": (Says(""), Transient, 3),
    "not utf-8": (Says(b'{"a": "\xff"}'), Transient, 3),
    "deep": (Says("[" * 50_000 + "]" * 50_000), Transient, 3),
    "a huge number": (Says('{"a": ' + "9" * 6_000 + "}"), Transient, 3),
    "compressed": (Says(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), Transient, 3),
    "reset": (Says(reset=True), Transient, 3),
    "short": (Says('{"a": 1}', short=True), Transient, 3),
    "too large": (Says('"' + "x" * 100_001 + '"'), Permanent, 1),
}


@pytest.mark.parametrize("name", TABLE)
async def test_what_is_no_answer_is_one_of_our_errors(fake: FakeHttp, clients: SharedClients, name: str) -> None:
    answer, kind, tries = TABLE[name]
    fake.says(answer)
    error = await failure(source(fake, clients))
    assert type(error) is kind or (kind is Throttled and isinstance(error, Throttled))
    assert len(fake.requests) == tries
    assert error.call == "store.query"
    assert str(error).startswith("store.query: ")
    assert SECRET not in str(error)


@pytest.mark.parametrize("answer", [Says(hang=True), Says('{"a": 1, "b": "long enough"}', drip=True)])
async def test_an_answer_that_does_not_end_is_given_up(fake: FakeHttp, hasty: SharedClients, answer: Says) -> None:
    fake.says(answer)
    error = await failure(source(fake, hasty))
    assert isinstance(error, Transient)
    assert error.code == "timeout"


async def test_all_tries_together_have_an_end(fake: FakeHttp, clock: VirtualClock) -> None:
    shared = SharedClients(clock)
    shared._made[Http] = Http(clock, HttpBounds(call_seconds=0.2))
    fake.says(Says(hang=True))
    assert (await failure(source(fake, shared))).code == "timeout"
    assert len(fake.requests) <= 1
    await shared.aclose()


async def test_nobody_there_is_transient_and_names_the_place(clients: SharedClients) -> None:
    asked = HttpSource(Endpoint("store", "http://127.0.0.1:1/a-path-that-tells"), clients)
    error = await failure(asked)
    assert isinstance(error, Transient)
    assert "http://127.0.0.1:1" in str(error)
    assert "tells" not in str(error)


async def test_a_body_up_to_the_limit_is_read_and_parsed_aside(fake: FakeHttp, clock: VirtualClock) -> None:
    shared = SharedClients(clock)
    fake.says(says(["x" * 300_000]))
    (text,) = await source(fake, shared).ask("store.query", "/q", whole, form={})
    assert len(text) == 300_000
    await shared.aclose()


async def test_the_sources_own_words_are_told_on_one_short_line(fake: FakeHttp, clients: SharedClients) -> None:
    fake.says(says({"status": "error", "error": "parse error:\n\x1b[31m" + "x" * 5_000}, 400))
    error = await failure(source(fake, clients))
    assert "HTTP 400: parse error: [31mxxx" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 400


async def test_a_reader_that_trips_over_an_answer_is_an_answer_that_makes_no_sense(
    fake: FakeHttp, clients: SharedClients
) -> None:
    fake.says(says({"a": []}))
    with pytest.raises(Transient, match="makes no sense"):
        await source(fake, clients).ask("store.query", "/q", lambda body: body["a"][0]["b"], form={})


async def test_a_passing_fault_is_passed_over(fake: FakeHttp, clients: SharedClients) -> None:
    fake.says(says({}, 500), Says(reset=True), says({"a": 1}))
    assert await source(fake, clients).ask("store.query", "/q", whole, form={}) == {"a": 1}


# --- how often -------------------------------------------------------------------------------------------------------


async def test_a_short_wait_that_is_asked_for_is_waited(
    fake: FakeHttp, clients: SharedClients, clock: VirtualClock
) -> None:
    fake.says(says({}, 429, Retry_After="3"), says({"a": 1}))
    assert await source(fake, clients).ask("store.query", "/q", whole, form={}) == {"a": 1}
    (slept,) = clock.slept
    assert slept >= 3


@pytest.mark.parametrize(("asked", "seconds"), [("120", 120), ("999999", 300), ("Mon, 23 Nov 2026 12:01:00 GMT", 60)])
async def test_a_long_wait_that_is_asked_for_is_kept_within_bounds_and_without_asking(
    fake: FakeHttp, clients: SharedClients, clock: VirtualClock, asked: str, seconds: int
) -> None:
    fake.says(says({}, 429, Retry_After=asked), says({"a": 1}))
    one = source(fake, clients)
    assert isinstance(await failure(one), Throttled)
    for waited in (0, seconds - 1):
        clock._now = VirtualClock().now() + timedelta(seconds=waited)
        error = await failure(source(fake, clients))
        assert "come again" in str(error)
    assert len(fake.requests) == 1
    clock._now = VirtualClock().now() + timedelta(seconds=seconds)
    assert await one.ask("store.query", "/q", whole, form={}) == {"a": 1}


async def test_a_wait_that_makes_no_sense_is_no_wait(fake: FakeHttp, clients: SharedClients) -> None:
    fake.says(says({}, 429, Retry_After="soon"), says({"a": 1}))
    await failure(source(fake, clients))
    assert await source(fake, clients).ask("store.query", "/q", whole, form={}) == {"a": 1}


async def test_no_more_than_the_sources_limit_are_in_the_air(fake: FakeHttp, clients: SharedClients) -> None:
    fake.gate = asyncio.Event()
    two = [source(fake, clients, most_at_once=2) for _ in range(2)]
    asks = [asyncio.ensure_future(one.ask("store.query", "/q", whole, form={})) for one in two for _ in range(4)]
    while fake.most_at_once < 2:
        await asyncio.sleep(0)
    fake.gate.set()
    await asyncio.gather(*asks)
    assert (fake.most_at_once, len(fake.requests)) == (2, 8)


# --- in whose name ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        (TOKEN, "Authorization", f"Bearer {SECRET}"),
        (Credential("basic", TOKEN.secret, "ops"), "Authorization", "Basic b3BzOmh1bnRlcjItaHVudGVyMg=="),
        (Credential("header", TOKEN.secret, "API-Key"), "API-Key", SECRET),
    ],
)
async def test_a_credential_goes_out_as_the_source_wants_it(
    fake: FakeHttp,
    clients: SharedClients,
    monkeypatch: pytest.MonkeyPatch,
    credential: Credential,
    header: str,
    value: str,
) -> None:
    monkeypatch.setenv("SOURCE_TOKEN", f"{SECRET}\n")
    await source(fake, clients, credential=credential).ask("store.query", "/q", whole, form={})
    assert fake.requests[0].headers[header] == value
    assert SECRET not in repr(credential)


async def test_a_refused_secret_is_read_again_and_tried_once_if_it_has_changed(
    fake: FakeHttp, clients: SharedClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = source(fake, clients, credential=TOKEN)
    monkeypatch.setenv("SOURCE_TOKEN", "first")
    fake.says(says({}))
    await asked.ask("store.query", "/q", whole, form={})
    monkeypatch.setenv("SOURCE_TOKEN", "second")
    fake.says(says({}, 401), says({"a": 1}))
    assert await asked.ask("store.query", "/q", whole, form={}) == {"a": 1}
    assert [one.headers["Authorization"] for one in fake.requests] == [
        f"Bearer {n}" for n in ("first", "first", "second")
    ]


async def test_a_secret_that_is_not_there_stops_before_the_source_and_names_only_where_it_should_be(
    fake: FakeHttp, clients: SharedClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_TOKEN", raising=False)
    error = await failure(source(fake, clients, credential=TOKEN))
    assert isinstance(error, Denied)
    assert "{env: SOURCE_TOKEN}" in str(error)
    assert not fake.requests


@pytest.mark.parametrize("answer", ["refusal", "html", "garbage", "reset", "redirect", "header"])
async def test_no_error_tells_the_secret_whatever_the_source_says(
    fake: FakeHttp,
    clients: SharedClients,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: str,
) -> None:
    monkeypatch.setenv("SOURCE_TOKEN", SECRET)
    echo = {
        "refusal": says({"error": f"token {SECRET} is wrong"}, 403),
        "html": Says(SECRET, kind="text/html"),
        "garbage": Says(SECRET),
        "reset": Says(reset=True),
        "redirect": Says(status=307, headers={"Location": f"http://elsewhere/{SECRET}"}),
        "header": Says(json.dumps({"message": SECRET}), 500, headers={"X-Echo": SECRET}),
    }
    fake.says(echo[answer])
    caplog.set_level("DEBUG")
    error = await failure(source(fake, clients, credential=TOKEN))
    chain = [error, error.__cause__, error.__context__ if not error.__suppress_context__ else None]
    assert SECRET not in " ".join(f"{one!r} {one}" for one in chain)
    assert SECRET not in caplog.text
