"""The load balancer's public keys, from a socket: kept, shared, bounded, and junk is no flood of questions."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from controller.app.clients import SharedClients
from controller.clients.http import Http
from controller.clients.signing_keys import FAILED_FOR, KEPT_FOR, MOST_BYTES, MOST_QUESTIONS, UNKNOWN_FOR, SigningKeys
from controller.domain.errors import Gone, Permanent, PlatformError, Throttled, Transient
from tests.clients.fake_aws import VirtualClock
from tests.support.load_balancer import KEY_ID, KeyServer, LoadBalancer, key_server, pem


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    async with key_server() as made:
        yield made


@pytest.fixture
async def keys(clock: VirtualClock, server: KeyServer) -> AsyncIterator[SigningKeys]:
    clients = SharedClients(clock)
    yield SigningKeys(server.url, clients.get(Http), clock)
    await clients.aclose()


async def test_a_key_is_asked_for_once_and_again_when_it_is_old(
    keys: SigningKeys, server: KeyServer, clock: VirtualClock
) -> None:
    signer = LoadBalancer()
    server.publish(signer)
    for _ in range(3):
        assert (await keys.key(KEY_ID)).public_numbers() == signer.key.public_key().public_numbers()
    assert server.asked == [f"/elb/{KEY_ID}"]
    del server.answers[KEY_ID]
    clock.move(KEPT_FOR.total_seconds() + 1)
    with pytest.raises(Gone):
        await keys.key(KEY_ID)


async def test_those_who_want_the_same_key_wait_for_one_question(keys: SigningKeys, server: KeyServer) -> None:
    server.publish(LoadBalancer())
    server.gate = asyncio.Event()
    first = asyncio.create_task(keys.key(KEY_ID))
    others = [asyncio.create_task(keys.key(KEY_ID)) for _ in range(4)]
    while not server.asked:
        await asyncio.sleep(0)
    first.cancel()
    server.gate.set()
    assert len(set(map(id, await asyncio.gather(*others)))) == 1
    assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], asyncio.CancelledError)
    assert len(server.asked) == 2, "one whose asker went away is asked for again, once"


async def test_an_unknown_id_is_not_asked_for_again_at_once(
    keys: SigningKeys, server: KeyServer, clock: VirtualClock
) -> None:
    for _ in range(3):
        with pytest.raises(Gone):
            await keys.key(KEY_ID)
    assert len(server.asked) == 1
    server.publish(LoadBalancer())
    clock.move(UNKNOWN_FOR.total_seconds() + 1)
    await keys.key(KEY_ID)


async def test_a_failure_is_remembered_for_a_moment(keys: SigningKeys, server: KeyServer, clock: VirtualClock) -> None:
    server.answers[KEY_ID] = 500, b""
    for _ in range(3):
        with pytest.raises(Transient):
            await keys.key(KEY_ID)
    assert len(server.asked) == 1
    server.publish(LoadBalancer())
    clock.move(FAILED_FOR.total_seconds() + 1)
    await keys.key(KEY_ID)


async def test_ids_without_end_are_not_all_asked_for_and_a_kept_key_still_is_there(
    keys: SigningKeys, server: KeyServer
) -> None:
    server.publish(LoadBalancer())
    await keys.key(KEY_ID)
    failures = []
    for number in range(MOST_QUESTIONS + 10):
        with pytest.raises(PlatformError) as caught:
            await keys.key(f"00000000-0000-0000-0000-{number:012}")
        failures.append(type(caught.value))
    assert failures == [Gone] * (MOST_QUESTIONS - 1) + [Throttled] * 11
    assert len(server.asked) == MOST_QUESTIONS
    await keys.key(KEY_ID)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a proxy's page</html>"),
        (200, b"x" * (MOST_BYTES + 1)),
        (200, pem(rsa.generate_private_key(65537, 2048))),
        (200, pem(ec.generate_private_key(ec.SECP384R1()))),
        (302, b""),
    ],
    ids=["html", "large", "rsa", "p384", "redirect"],
)
async def test_what_is_no_key_is_none(keys: SigningKeys, server: KeyServer, status: int, body: bytes) -> None:
    server.answers[KEY_ID] = status, body
    with pytest.raises(Permanent):
        await keys.key(KEY_ID)
    assert len(server.asked) == 1


async def test_a_place_that_is_away_is_no_unknown_key(clock: VirtualClock) -> None:
    clients = SharedClients(clock)
    async with key_server() as server:
        url = server.url
    with pytest.raises(Transient):
        await SigningKeys(url, clients.get(Http), clock).key(KEY_ID)
    await clients.aclose()
