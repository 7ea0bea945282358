"""Who may do what: tokens, roles, open reading, guesses, and pages of other sites."""

import asyncio

import pytest
from structlog.testing import capture_logs

from controller.web.access import MOST_FAILURES, May, Token
from controller.web.guard import MOST_AT_ONCE
from controller.web.server import Server
from tests.support.eventually import eventually
from tests.web.conftest import OPERATOR, READER, SOURCES, TOKENS, Served, bearer

HOLD = {"target": "web", "reason": "lunch"}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", f"Token {READER}", READER, "Bearer é" * 9])
async def test_what_is_no_token_is_401(served: Served, header: str) -> None:
    async with served.client.get("/api/v1/fleets", headers={"Authorization": header}) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="repave"'


async def test_with_tokens_reading_needs_one(served: Served) -> None:
    for path in ("/fleets", "/openapi.json", "/events", "/replacements/r-open/trace"):
        status, document = await served.get(path)
        assert (status, document["detail"]) == (401, "this needs a token that may read: `Authorization: Bearer TOKEN`")
    assert (await served.get("/fleets", token=READER))[0] == 200
    assert (await served.get("/fleets", token=OPERATOR))[0] == 200


async def test_a_reader_changes_nothing(served: Served) -> None:
    for method, path, body in (("POST", "/holds", HOLD), ("DELETE", "/holds/web", None)):
        status, document = await served.ask(method, path, READER, json=body)
        assert (status, document["detail"].startswith("the token of dashboard may only read")) == (403, True)
    assert (await served.get("/holds", token=READER))[1]["holds"] == []


async def test_without_tokens_reading_is_open_and_changing_is_not(served: Served) -> None:
    served.access.replace(())
    assert (await served.get("/fleets"))[0] == 200
    status, document = await served.ask("POST", "/holds", json=HOLD)
    assert status == 401
    assert document["detail"] == "changing something needs a token, and the configuration has no api.tokens"
    assert (await served.get("/fleets", token=OPERATOR))[0] == 401, "a token that was taken away is no token"


async def test_a_replaced_token_counts_no_more(served: Served) -> None:
    assert not served.access.replace(TOKENS)
    assert served.access.replace([Token.of("bob", May.OPERATE, "bobs-0123456789abcdef")])
    assert (await served.get("/fleets", token=READER))[0] == 401
    _, hold = await served.ask("POST", "/holds", "bobs-0123456789abcdef", json=HOLD)
    assert hold["by"] == "bob"


async def test_guesses_are_slowed_and_nobody_is_locked_out(served: Served) -> None:
    with capture_logs() as logs:
        found = [(await served.get("/fleets", token=f"guess-{number:020}"))[0] for number in range(MOST_FAILURES + 5)]
    assert found == [401] * (MOST_FAILURES - 1) + [429] * 6
    assert len(logs) == MOST_FAILURES, "and the log is not filled by it"
    assert "guess" not in str(logs)
    assert (await served.get("/fleets", token=READER))[0] == 200


async def test_two_authorization_headers_are_one_too_many(served: Served) -> None:
    headers = [("Authorization", f"Bearer {READER}"), ("Authorization", f"Bearer {OPERATOR}")]
    async with served.client.get("/api/v1/fleets", headers=headers) as response:
        assert response.status == 400


@pytest.mark.parametrize("secret", ["short", "x" * 600, "0123456789 abcdef", "0123456789abcdé", "0123456789abcde\n"])
def test_a_weak_or_odd_secret_is_no_token_and_is_not_shown(secret: str) -> None:
    with pytest.raises(ValueError) as caught:
        Token.of("alice", May.READ, secret)
    assert secret not in str(caught.value)


def test_a_token_does_not_show_its_secret() -> None:
    assert READER not in repr(TOKENS)
    assert "digest" not in repr(TOKENS)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", ""]
)
@pytest.mark.parametrize("path", ["/api/v1/fleets", "/metrics", "/healthz"])
async def test_a_page_that_rebinds_its_name_to_us_gets_nothing(served: Served, host: str, path: str) -> None:
    async with served.client.get(path, headers={"Host": host, **bearer(READER)}) as response:
        assert response.status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:8080", "127.9.9.9"])
async def test_names_of_this_machine_are_fine(served: Served, host: str) -> None:
    async with served.client.get("/healthz", headers={"Host": host}) as response:
        assert response.status == 200


async def test_no_answer_invites_other_sites(served: Served) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with served.client.options("/api/v1/holds", headers=headers) as response:
        assert response.status == 405
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
    async with served.client.get("/api/v1/fleets", headers={**headers, **bearer(READER)}) as response:
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_elsewhere_metrics_take_a_token_and_health_does_not(served: Served) -> None:
    """As on an address that others reach; Host may be anything there."""
    server = Server(SOURCES, served.server.api, "127.0.0.1", 0, loopback=False)
    await server.start()
    url = f"http://127.0.0.1:{server.port}"
    headers = {"Host": "repave.internal"}
    async with served.client.get(f"{url}/metrics", headers=headers) as response:
        assert response.status == 401
    async with served.client.get(f"{url}/metrics", headers={**headers, **bearer(READER)}) as response:
        assert response.status == 200
    for path in ("/healthz", "/readyz"):
        async with served.client.get(url + path, headers=headers) as response:
            assert response.status == 200
    await server.stop()


async def test_a_source_that_is_slow_to_answer_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.web.guard.LONGEST_REQUEST_SECONDS", 0.05)

    async def never(now: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(served.journal, "holds", never)
    status, document = await served.get("/holds", token=READER)
    assert (status, document["detail"]) == (503, "it took too long")


async def test_more_at_once_than_the_journal_should_bear_are_told_to_come_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, waiting = asyncio.Event(), []

    async def slow(now: object) -> tuple[()]:
        waiting.append(now)
        await gate.wait()
        return ()

    monkeypatch.setattr(served.journal, "holds", slow)
    asking = [asyncio.create_task(served.get("/holds", token=READER)) for _ in range(MOST_AT_ONCE)]

    async def full() -> bool:
        return len(waiting) == MOST_AT_ONCE

    await eventually(full)
    status, document = await served.get("/holds", token=READER)
    assert (status, document["detail"]) == (503, "too many requests at once")
    async with served.client.get("/healthz") as response:
        assert response.status == 200, "whoever watches over the process still gets an answer"
    gate.set()
    assert {status for status, _ in await asyncio.gather(*asking)} == {200}
    assert (await served.get("/holds", token=READER))[0] == 200
