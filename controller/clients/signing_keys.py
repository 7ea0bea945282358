"""The public keys that a load balancer signs with, by their ids, from where AWS publishes them.

A key never changes under its id, so it is kept; what has failed is remembered for a while, so that a flood of junk is
no flood of questions to AWS.
"""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import aiohttp
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from controller.clients.http import Http
from controller.clients.http_errors import TooLarge, of_failure, of_status
from controller.clients.http_options import Endpoint
from controller.domain.errors import Gone, Permanent, PlatformError, Throttled
from controller.domain.ports import Clock

CALL = "load_balancer.public_key"
ANSWER_SECONDS = 5.0
MOST_BYTES = 8 * 1024
MOST_KEPT = 64
"""Of keys, and of failures; the one that came first is forgotten first."""

KEPT_FOR = timedelta(hours=12)
"""A key that is no longer published is good for so long at most."""

UNKNOWN_FOR = timedelta(seconds=60)
FAILED_FOR = timedelta(seconds=5)
MOST_QUESTIONS = 20
WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an id, and until when."""

    what: EllipticCurvePublicKey | PlatformError
    until: datetime


class SigningKeys:
    """Keys from one place. url: without a slash at its end. A key that is kept is given out even while the place is
    away and however many questions there were."""

    def __init__(self, url: str, http: Http, clock: Clock) -> None:
        self._endpoint = Endpoint("load balancer keys", url)
        self._http = http
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._failed: OrderedDict[str, _Known] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._asked: deque[datetime] = deque()

    async def key(self, key_id: str) -> EllipticCurvePublicKey:
        """The P-256 key of an id, which has to be safe in a path. Whoever wants the same one waits for one question.

        Raises Gone when there is no such key, and another PlatformError when that cannot be told now.
        """
        turn = self._turns.setdefault(key_id, asyncio.Lock())
        async with turn:
            known = self._known.get(key_id) or self._failed.get(key_id)
            if known is None or known.until <= self._clock.now():
                known = await self._learn(key_id)
        if isinstance(known.what, PlatformError):
            raise known.what
        return known.what

    async def _learn(self, key_id: str) -> _Known:
        self._count()
        kept, lasting = self._known, KEPT_FOR
        what: EllipticCurvePublicKey | PlatformError
        try:
            what = _read(await self._fetch(key_id))
        except PlatformError as error:
            kept, what = self._failed, error
            lasting = UNKNOWN_FOR if isinstance(error, Gone) else FAILED_FOR
        for place in (self._known, self._failed):
            place.pop(key_id, None)
        known = kept[key_id] = _Known(what, self._clock.now() + lasting)
        while len(kept) > MOST_KEPT:
            kept.popitem(last=False)
        return known

    def _count(self) -> None:
        """Raises Throttled beyond so many questions a minute."""
        now = self._clock.now()
        while self._asked and self._asked[0] <= now - WINDOW:
            self._asked.popleft()
        if len(self._asked) >= MOST_QUESTIONS:
            raise Throttled(f"{CALL}: too many unknown keys were asked for", call=CALL)
        self._asked.append(now)

    async def _fetch(self, key_id: str) -> bytes:
        """Raises PlatformError in our words only."""
        try:
            session = await self._http.session(self._endpoint)
            async with asyncio.timeout(ANSWER_SECONDS):
                url, accept = f"{self._endpoint.url}/{key_id}", {"Accept": "*/*"}
                async with session.get(url, headers=accept, allow_redirects=False) as response:
                    body = await _body(response)
        except (aiohttp.ClientError, OSError, TimeoutError, TooLarge, ValueError) as error:
            raise of_failure(error, CALL, self._endpoint.url) from None
        if response.status in (404, 410):
            raise Gone(f"{CALL}: there is no such key", call=CALL, code=str(response.status))
        if response.status != 200:
            raise of_status(response.status, CALL, "", None)
        return body


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MOST_BYTES:
            response.close()
            raise TooLarge(f"the answer is larger than {MOST_BYTES // 1024} KiB")
    return bytes(body)


def _read(body: bytes) -> EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(body)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise Permanent(f"{CALL}: the answer is no P-256 public key (is the address right?)", call=CALL, code="key")
    return key
