"""The one way to DynamoDB, for the journal: what may be called, for how long and how often.

Every call may be tried again: reads change nothing, single writes say all that they mean, and a transaction carries a
token by which DynamoDB does it once, however often it is sent within ten minutes.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from controller.clients import aws_session
from controller.clients.aws import Bounds
from controller.clients.aws_errors import translate
from controller.domain.errors import ForbiddenCall, Gone, RepaveError, Throttled, Transient
from controller.domain.ports import Clock

CALLS = frozenset(
    {
        "dynamodb:DeleteItem",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:TransactWriteItems",
        "dynamodb:UpdateItem",
    }
)
"""Every operation that the journal is kept with. IAM has no word for a transaction: it asks for PutItem, DeleteItem and
ConditionCheckItem, by what is in it."""

BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Nothing happened, or what was asked happens just now: the same again, a little later."""

BUSY_REASONS = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
"""Why a transaction is cancelled that may be sent again as it stands."""

BOUNDS = Bounds(connect_seconds=2.0, answer_seconds=5.0, read_seconds=12.0, mutation_seconds=12.0, attempts=4)


class ConditionFailed(Exception):
    """A write's condition did not hold, and nothing was written.

    reasons: of a transaction, one code for each of its items, `None` where there was none against it; of a single write
    one. item: what stands there instead, if it was asked for, in DynamoDB's own notation.
    """

    def __init__(self, reasons: tuple[str, ...], item: Mapping[str, Any] | None = None) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons
        self.item = item


class DynamoDb:
    """One client per region, made at first use and shared. Close with `aclose`."""

    def __init__(self, clock: Clock, bounds: Bounds = BOUNDS) -> None:
        self.clock = clock
        self._bounds = bounds
        self._config = aws_session.config(connect_seconds=bounds.connect_seconds, read_seconds=bounds.answer_seconds)
        self._session = aws_session.session(_refuse_unlisted)
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._clients: dict[str, Any] = {}

    def region(self, wanted: str | None) -> str | None:
        """The region that is used: the wanted one, or the SDK's own."""
        return aws_session.region(self._session, wanted)

    async def call(self, region: str | None, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """One answer to one of CALLS, `operation` as AWS spells it.

        Raises ConditionFailed, and PlatformError after the last attempt.
        """
        bounds = self._bounds
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(bounds.attempts),
            wait=wait_exponential(multiplier=0.05, max=1.0) + wait_random(0, 0.1),
            sleep=self.clock.sleep,
            reraise=True,
        )
        try:
            async with asyncio.timeout(bounds.read_seconds):
                answer: Mapping[str, Any] = await retrying(self._once, region, operation, parameters)
                return answer
        except TimeoutError as error:
            raise translate(error, f"dynamodb.{operation}", mutation=False) from None

    async def aclose(self) -> None:
        """Close every client."""
        async with self._lock:
            self._clients.clear()
            await self._stack.aclose()

    async def _once(self, region: str | None, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            client = await self._client(region)
            answer: Mapping[str, Any] = await getattr(client, xform_name(operation))(**parameters)
            return answer
        except RepaveError:
            raise
        except ClientError as error:
            raise _refused(error, operation) from None
        except Exception as error:  # noqa: BLE001 - whatever a broken answer makes the SDK raise
            # The SDK's exception is left behind: its text may quote a session token.
            raise translate(error, f"dynamodb.{operation}", mutation=False) from None

    async def _client(self, wanted: str | None) -> Any:
        """The shared client. One that could not get credentials is not kept: they may come."""
        region = self.region(wanted)
        if not region:
            raise NoRegionError
        async with self._lock:
            if region not in self._clients:
                if await self._session.get_credentials() is None:
                    raise NoCredentialsError
                made = self._session.create_client("dynamodb", region_name=region, config=self._config)
                self._clients[region] = await self._stack.enter_async_context(made)
            return self._clients[region]


def _refused(error: ClientError, operation: str) -> Exception:
    """DynamoDB answered with an error."""
    code, call = str(error.response.get("Error", {}).get("Code") or ""), f"dynamodb.{operation}"
    busy = Throttled(f"{call}: DynamoDB asks to slow down ({code})", call=call, code=code)
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(("ConditionalCheckFailed",), error.response.get("Item"))
    if code == "TransactionCanceledException":
        reasons = tuple(str(one.get("Code") or "None") for one in error.response.get("CancellationReasons") or ())
        failed = {reason for reason in reasons if reason != "None"}
        if failed and failed <= BUSY_REASONS:
            return busy
        if failed and failed <= BUSY_REASONS | {"ConditionalCheckFailed", "TransactionConflict"}:
            return ConditionFailed(reasons)
    if code == "ResourceNotFoundException":
        return Gone(f"{call}: there is no such table ({code})", call=call, code=code)
    return busy if code in BUSY else translate(error, call, mutation=False)


def _refuse_unlisted(name: str) -> None:
    """The last line of defence: asked by the SDK itself before a request is made."""
    if name not in CALLS | aws_session.CREDENTIAL_CALLS:
        raise ForbiddenCall(f"{name} is not on the list of the journal's calls")
