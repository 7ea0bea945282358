"""Drains the outbox: spans leave as the bytes that the journal keeps, at least once, over OTLP/HTTP.

Several stored requests travel in one: protobuf messages of one type merge when they are joined end to end, so each
span's own bytes are the same in every batch and every resend, and no span is ever encoded twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from controller.domain.errors import JournalUnavailable
from controller.domain.ports import Clock, Outbox
from controller.record.destination import Destination
from controller.record.otlp import Answer, Never, Taken, TryAgain, meaning

MOST_ROWS = 128
MOST_BYTES = 900_000
"""One request: New Relic takes less than a megabyte."""

MOST_ANSWER_BYTES = 64 * 1024
IDLE_SECONDS = 1.0
MOST_BACKOFF_SECONDS = 60.0
EXPIRY = timedelta(hours=1)
"""Backends drop spans that are older. They are sent all the same, because a collector in between may keep them."""

Row = tuple[int, bytes, datetime]

log = structlog.get_logger("repave.delivery")


@dataclass(slots=True)
class Counts:
    """Since this daemon's start, in spans; failures in requests that had to be tried again.

    expired: delivered when older than an hour. rejected: dropped by a backend that said so. poisoned: refused for good.
    """

    delivered: int = 0
    poisoned: int = 0
    rejected: int = 0
    expired: int = 0
    failures: int = 0


class Delivery:
    """Carries spans from the outbox to one endpoint.

    outbox: what is pending, oldest first. open_session: makes the HTTP client at first use; it is closed by `aclose`.
    quiet: says nothing of requests that failed; another delivery to the same place does.
    """

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        destination: Destination,
        open_session: Callable[[], ClientSession] = ClientSession,
        *,
        quiet: bool = False,
    ) -> None:
        self.counts = Counts()
        self._quiet = quiet
        self._outbox = outbox
        self._clock = clock
        self._destination = destination
        self._open_session = open_session
        self._session: ClientSession | None = None
        self._failures_in_a_row = 0
        self._retry_after_seconds: float | None = None

    @property
    def pause_seconds(self) -> float:
        """How long to wait when the last drain settled nothing: a moment, longer with every failure in a row, or what
        the backend asked for.
        """
        if not self._failures_in_a_row:
            return IDLE_SECONDS
        if self._retry_after_seconds is not None:
            return max(self._retry_after_seconds, IDLE_SECONDS)
        return float(min(2 ** min(self._failures_in_a_row - 1, 10), MOST_BACKOFF_SECONDS))

    async def run(self) -> None:
        """Deliver for ever, until cancelled."""
        try:
            while True:
                try:
                    settled = await self.drain_once()
                except JournalUnavailable as error:
                    settled = 0
                    self._failed(TryAgain(f"the journal is not there: {error}"))
                if not settled:
                    await self._clock.sleep(self.pause_seconds)
        finally:
            await self.aclose()

    async def drain_once(self) -> int:
        """Send the oldest batch; returns how many rows were settled (delivered or refused for good). 0 means that there
        was nothing to send or that it has to be tried again after `pause_seconds`.

        Raises JournalUnavailable.
        """
        rows = _fitting(await self._outbox.pending(MOST_ROWS))
        if not rows:
            self._failures_in_a_row, self._retry_after_seconds = 0, None
            return 0
        result = await self._send(rows)
        if isinstance(result, Never) and len(rows) > 1:
            return await self._one_by_one(rows)
        return await self._settle(rows, result)

    async def aclose(self) -> None:
        """Close the HTTP client."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _one_by_one(self, rows: Sequence[Row]) -> int:
        """A batch was refused: each span alone, so that only what is refused for itself is given up."""
        settled = 0
        for row in rows:
            result = await self._send([row])
            settled += await self._settle([row], result)
            if isinstance(result, TryAgain):
                break
        return settled

    async def _settle(self, rows: Sequence[Row], result: Taken | TryAgain | Never) -> int:
        now, ids = self._clock.now(), [row[0] for row in rows]
        match result:
            case TryAgain():
                self._failed(result)
                return 0
            case Never(why):
                await self._outbox.poisoned(ids[0], why, now)
                self.counts.poisoned += 1
                log.error("a span was refused for good; it can still be drawn locally", outbox_id=ids[0], answer=why)
            case Taken(rejected, message):
                await self._outbox.delivered(ids, now)
                self._count_taken(rows, rejected, message, now)
        self._failures_in_a_row, self._retry_after_seconds = 0, None
        return len(rows)

    def _count_taken(self, rows: Sequence[Row], rejected: int, message: str, now: datetime) -> None:
        self.counts.delivered += len(rows)
        self.counts.rejected += rejected
        self.counts.expired += sum(now - created_at > EXPIRY for _, _, created_at in rows)
        if rejected or message:
            log.warning("the backend took the spans with reservations", rejected=rejected, answer=message)
        if self._failures_in_a_row and not self._quiet:
            log.info("spans are delivered again", endpoint=self._destination.place)

    def _failed(self, result: TryAgain) -> None:
        self.counts.failures += 1
        self._failures_in_a_row += 1
        self._retry_after_seconds = result.after_seconds
        if self._quiet:
            return
        log.warning(
            "spans could not be delivered and stay in the journal",
            endpoint=self._destination.place,
            answer=result.why,
            retry_in_seconds=self.pause_seconds,
        )

    async def _send(self, rows: Sequence[Row]) -> Taken | TryAgain | Never:
        try:
            async with asyncio.timeout(self._destination.timeout_seconds):
                return meaning(await self._post(b"".join(body for _, body, _ in rows)), self._clock.now())
        except TimeoutError:
            return TryAgain(f"no answer within {self._destination.timeout_seconds:g} s")
        except (ClientError, OSError) as error:
            return TryAgain(f"{type(error).__name__}: {error}")

    async def _post(self, body: bytes) -> Answer:
        if self._session is None:
            self._session = self._open_session()
        headers = {**self._destination.headers, "content-type": "application/x-protobuf"}
        request = self._session.post(
            self._destination.url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=ClientTimeout(total=None),
        )
        async with request as response:
            return Answer(response.status, response.headers.get("retry-after", ""), await _beginning(response))


async def _beginning(response: ClientResponse) -> bytes:
    """At most so much of the body; the connection is dropped if there is more."""
    body = b""
    async for piece in response.content.iter_any():
        body += piece
        if len(body) >= MOST_ANSWER_BYTES:
            response.close()
            break
    return body[:MOST_ANSWER_BYTES]


def _fitting(rows: Sequence[Row]) -> Sequence[Row]:
    """The oldest rows that fit into one request; always at least one."""
    size = 0
    for count, (_, body, _) in enumerate(rows):
        size += len(body)
        if size > MOST_BYTES and count:
            return rows[:count]
    return rows
