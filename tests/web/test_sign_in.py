"""A load balancer's word for who signed in: believed when it is its own, of now and signed, and never otherwise."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.app.clients import SharedClients
from controller.app.tokens import load_balancer
from controller.settings import SignedIn
from controller.web.access import Access, May
from controller.web.problem import Problem
from controller.web.sign_in import SignIn, refuse_other_sites
from tests.clients.fake_aws import VirtualClock
from tests.support.load_balancer import (
    ARN,
    CLAIMS,
    CLIENT_ID,
    ISSUER,
    KEY_ID,
    KeyServer,
    LoadBalancer,
    key_server,
    part,
    pem,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = NOW.timestamp() + 120
OTHER_ARN = ARN.replace("111122223333", "444455556666")


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    async with key_server() as made:
        yield made


@pytest.fixture
def signer(server: KeyServer) -> LoadBalancer:
    made = LoadBalancer()
    server.publish(made)
    return made


@pytest.fixture
async def vouching(server: KeyServer) -> AsyncIterator[SignIn]:
    """As the daemon makes it of its configuration."""
    clock = VirtualClock(NOW)
    clients = SharedClients(clock)
    made = load_balancer(SignedIn(ARN, ISSUER, CLIENT_ID, None, "read", server.url), clients, clock)
    assert made is not None
    yield made
    await clients.aclose()


async def refused(vouching: SignIn, word: str, now: datetime = NOW) -> Problem:
    with pytest.raises(Problem) as caught:
        await vouching.person(word, now)
    return caught.value


async def test_its_own_word_is_believed_padding_and_all(vouching: SignIn, signer: LoadBalancer) -> None:
    word = signer.word(SOON)
    assert "=" in word
    assert await vouching.person(word, NOW) == "alice@example.org"


@pytest.mark.parametrize(
    ("claim", "claims", "name"),
    [
        (None, {"sub": "00u1"}, "00u1"),
        (None, {"sub": "00u1", "email": ""}, "00u1"),
        (None, {"sub": "00u1", "email": "a\nb"}, "00u1"),
        (None, {"sub": 7, "jti": 8, "email": "alice@example.org"}, "alice@example.org"),
        ("name", CLAIMS, "Alice"),
    ],
)
async def test_the_name_is_a_claims(
    vouching: SignIn, signer: LoadBalancer, claim: str | None, claims: Any, name: str
) -> None:
    assert await replace(vouching, claim=claim).person(signer.word(SOON, claims), NOW) == name


@pytest.mark.parametrize("claims", [{}, {"email": 7}, {"sub": "x" * 101}, {"sub": " "}, {"sub": "\x1b[31m"}])
async def test_who_has_no_name_is_nobody(vouching: SignIn, signer: LoadBalancer, claims: Any) -> None:
    assert (await refused(vouching, signer.word(SOON, claims))).status == 401
    assert (await refused(replace(vouching, claim="nickname"), signer.word(SOON))).status == 401


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another load balancer": ({"signer": OTHER_ARN}, "another load balancer"),
    "no load balancer": ({"signer": None}, "another load balancer"),
    "another issuer": ({"iss": "https://login.example.org.evil.example"}, "another issuer"),
    "another client": ({"client": "someone-else"}, "another client"),
    "no end": ({"exp": None}, "expired"),
    "odd end": ({"exp": "never"}, "expired"),
    "endless": ({"exp": float("inf")}, "expired"),
    "true end": ({"exp": True}, "expired"),
    "none": ({"alg": "none"}, "ES256"),
    "HS256": ({"alg": "HS256"}, "ES256"),
    "RS256": ({"alg": "RS256"}, "ES256"),
    "lower case": ({"alg": "es256"}, "ES256"),
    "no key": ({"kid": None}, "the id of its key"),
    "a path": ({"kid": "../../evil"}, "the id of its key"),
    "another path": ({"kid": f"{KEY_ID}/../{KEY_ID}"}, "the id of its key"),
    "a query": ({"kid": f"{KEY_ID}?x"}, "the id of its key"),
    "a line": ({"kid": f"{KEY_ID}\n"}, "the id of its key"),
    "a host": ({"kid": "@evil.example/" + KEY_ID}, "the id of its key"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_another_header_is_refused_although_it_is_signed_and_no_key_is_asked_for(
    vouching: SignIn, signer: LoadBalancer, server: KeyServer, case: str
) -> None:
    changes, words = WRONG[case]
    problem = await refused(vouching, signer.word(SOON, **changes))
    assert (problem.status, words in problem.detail) == (401, True), problem.detail
    assert server.asked == []


async def test_its_time_is_told_by_our_clock_with_half_a_minute_to_spare(
    vouching: SignIn, signer: LoadBalancer
) -> None:
    at = NOW.timestamp()
    assert await vouching.person(signer.word(at - 29), NOW)
    assert await vouching.person(signer.word(0, exp=str(int(at + 60))), NOW), "in digits it is a time too"
    assert "expired" in (await refused(vouching, signer.word(at - 30))).detail
    assert "expired" in (await refused(vouching, signer.word(SOON, {**CLAIMS, "exp": at - 31}))).detail


async def test_what_was_changed_on_its_way_is_refused(vouching: SignIn, signer: LoadBalancer) -> None:
    header, claims, signature = signer.word(SOON).split(".")
    other = part({**CLAIMS, "email": "mallory@example.org"}).decode()
    later = part({**json.loads(urlsafe_b64decode(header)), "exp": int(SOON + 9999)}).decode()
    for forged in (f"{header}.{other}.{signature}", f"{later}.{claims}.{signature}", f"{header}.{claims}."):
        problem = await refused(vouching, forged)
        assert (problem.status, "signature" in problem.detail) == (401, True), problem.detail


async def test_the_public_key_is_no_secret_to_sign_with(vouching: SignIn, signer: LoadBalancer) -> None:
    """Whoever has the key that everybody may have must not be able to sign by it (HMAC), whatever the header says."""
    header, claims, _ = signer.word(SOON).split(".")
    by_hmac = hmac.new(pem(signer.key), f"{header}.{claims}".encode(), hashlib.sha256).digest()
    assert (await refused(vouching, f"{header}.{claims}.{urlsafe_b64encode(by_hmac).decode()}")).status == 401


async def test_another_key_under_the_same_id_is_refused(vouching: SignIn, signer: LoadBalancer) -> None:
    assert "signature" in (await refused(vouching, LoadBalancer().word(SOON))).detail


@pytest.mark.parametrize(
    "word", ["", ".", "a.b.c", "é" * 20, "eyJ9." * 3, "x" * 9000, "[" * 5000 + ".a.b", "W10=.e30=.AA=="]
)
async def test_what_is_no_word_at_all_is_refused(vouching: SignIn, server: KeyServer, word: str) -> None:
    assert (await refused(vouching, word)).status == 401
    assert server.asked == []


async def test_keys_change_and_an_unknown_one_is_refused(
    vouching: SignIn, signer: LoadBalancer, server: KeyServer
) -> None:
    next_one = LoadBalancer(key_id="11111111-2222-3333-4444-555555555555")
    problem = await refused(vouching, next_one.word(SOON))
    assert (problem.status, "has the key" in problem.detail) == (401, True)
    third = LoadBalancer(key_id="11111111-2222-3333-4444-666666666666")
    server.publish(third)
    assert await vouching.person(signer.word(SOON), NOW) == await vouching.person(third.word(SOON), NOW)


async def test_where_keys_cannot_be_read_nobody_is_told_that_their_login_is_wrong(
    vouching: SignIn, signer: LoadBalancer, server: KeyServer
) -> None:
    server.answers[KEY_ID] = 503, b""
    with capture_logs() as logs:
        problem = await refused(vouching, signer.word(SOON))
    assert (problem.status, problem.headers["Retry-After"]) == (503, "5")
    assert [line["event"] for line in logs] == ["a load balancer's key cannot be had"]


async def test_a_reload_that_changes_nothing_keeps_the_keys(vouching: SignIn) -> None:
    access = Access(VirtualClock(NOW), (), vouching)
    assert not access.replace((), replace(vouching, keys=None))  # type: ignore[arg-type]
    assert access._load_balancer is vouching
    assert access.replace((), replace(vouching, may=May.OPERATE))
    assert access.replace(())
    assert access.open


OWN = {"Host": "repave.example.org"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://["},
        {"Origin": "https://repave.example.org.evil.example"},
        {"Origin": "https://repave.example.org:8443"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://repave.example.org"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
def test_a_page_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        refuse_other_sites({**OWN, **headers})
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://repave.example.org"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://REPAVE.example.org"},
    ],
)
def test_a_page_of_our_own_may(headers: dict[str, str]) -> None:
    refuse_other_sites({**OWN, **headers})
