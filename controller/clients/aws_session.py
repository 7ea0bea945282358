"""How the SDK is set up: what may leave the process, how long and how large an answer may be, and who we are.

The SDK itself never retries (`total_max_attempts=1`): one place retries, `clients/aws.py`.
"""

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioAssumeRoleCredentialFetcher, AioDeferredRefreshableCredentials
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from botocore.exceptions import NoCredentialsError
from botocore.utils import parse_timestamp

from controller.clients.aws_errors import AnswerTooLarge, UnreadableAnswer

LARGEST_ANSWER_BYTES = 32 * 1024 * 1024
"""A page of 1,000 instances is about 6 MB of XML."""

CREDENTIAL_CALLS = frozenset(
    {
        "sts:AssumeRole",
        "sts:AssumeRoleWithWebIdentity",
        "sso:GetRoleCredentials",
        "sso-oidc:CreateToken",
        "signin:CreateOAuth2Token",
    }
)
"""What the SDK calls by itself to become somebody; it changes nothing that runs."""

SENT_AT_ONCE_BYTES = 512 * 1024
"""A longer request goes out piece by piece, or the HTTP client would hold up the loop, and warn of it."""

Guard = Callable[[str], None]
"""Raises ForbiddenCall for an operation, named `service:Operation`, that must not leave the process."""


class _WithoutTraceback(logging.Filter):
    """The SDK logs a failed renewal of credentials together with AWS's answer, which may quote a session token: the
    sentence stays, the answer goes."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True


logging.getLogger("aiobotocore.credentials").addFilter(_WithoutTraceback())


class _Body:
    """An answer's body, read already, in the shape the SDK reads one."""

    def __init__(self, body: bytes) -> None:
        self._left = body

    @property
    def content(self) -> "_Body":
        """What the SDK reads an object of S3 from."""
        return self

    async def read(self, most: int = -1) -> bytes:
        """So many bytes of what is left; without a number, all of them."""
        end = len(self._left) if most < 0 else most
        read, self._left = self._left[:end], self._left[end:]
        return read


class BoundedSession(AIOHTTPSession):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's HTTP session, but no answer can fill the memory."""

    async def send(self, request: Any) -> AioAWSResponse:
        """Send, and read the whole body. Raises AnswerTooLarge, and whatever the SDK's own session raises."""
        request.stream_output = True  # leaves the body to us
        if isinstance(request.body, bytes) and len(request.body) > SENT_AT_ONCE_BYTES:
            request.body = BytesIO(request.body)
        response = await super().send(request)
        body = bytearray()
        async with response.raw:  # gives the connection up, whatever happens meanwhile
            async for chunk in response.raw.content.iter_any():
                body += chunk
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise AnswerTooLarge(f"the answer is larger than {LARGEST_ANSWER_BYTES // 1024**2} MiB")
        return AioAWSResponse(response.url, response.status_code, response.headers, _Body(bytes(body)))


def config(*, connect_seconds: float, read_seconds: float) -> AioConfig:
    """The client configuration: time-outs per socket operation, no retries, no blocking of the loop at start."""
    return AioConfig(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=25,
        user_agent_extra="repave",
        warm_up_loader_caches=True,
        http_session_cls=BoundedSession,
    )


def session(guard: Guard) -> AioSession:
    """A session on the SDK's own credential chain; every client made by it asks `guard` before each call."""
    made = AioSession()
    events = made.get_component("event_emitter")

    def before_call(model: Any, **_: Any) -> None:
        guard(f"{model.service_model.service_name}:{model.name}")

    events.register_first("before-call", before_call)
    events.register("before-parse", _before_parse)
    made.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
    return made


def session_as(base: AioSession, guard: Guard, role_arn: str, external_id: str | None, **sts: Any) -> AioSession:
    """A session that acts as a role, taken on with the base session's credentials and taken on again before it expires.

    sts: arguments of the STS client (region_name, config).
    """
    made = session(guard)
    made.register_component("data_loader", base.get_component("data_loader"))
    made.register_component("credential_provider", _Role(base, role_arn, external_id, sts))
    return made


class _Role:
    """Where a session as a role gets its credentials; they are fetched at first use."""

    def __init__(self, base: AioSession, role_arn: str, external_id: str | None, sts: dict[str, Any]) -> None:
        self._base, self._role_arn, self._external_id, self._sts = base, role_arn, external_id, sts

    async def load_credentials(self) -> AioDeferredRefreshableCredentials:
        source = await self._base.get_credentials()
        if source is None:
            raise NoCredentialsError
        fetcher = AioAssumeRoleCredentialFetcher(
            client_creator=self._sts_client,
            source_credentials=source,
            role_arn=self._role_arn,
            extra_args={"RoleSessionName": "repave"} | ({"ExternalId": self._external_id} if self._external_id else {}),
        )
        return AioDeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")

    def _sts_client(self, service: str, **credentials: Any) -> Any:
        return self._base.create_client(service, **self._sts, **credentials)


def region(made: AioSession, wanted: str | None) -> str | None:
    """The region to use: the one that is wanted, else AWS_REGION, else the SDK's own (AWS_DEFAULT_REGION, the profile).

    The SDK for Python does not read AWS_REGION, which is what ECS and Lambda set.
    """
    return wanted or os.environ.get("AWS_REGION") or made.get_config_variable("region")


def timestamp(value: Any) -> datetime:
    """A service's timestamp in UTC. The SDK's own parser, an order of magnitude slower, gets what is neither ISO 8601
    nor seconds since 1970, which services that speak JSON give (10,000 times in one answer about metrics)."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            pass
    if isinstance(value, str) and value[4:5] == "-":
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    when: datetime = parse_timestamp(value)
    return when.astimezone(UTC)


def _before_parse(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Refuse a success that is another document, or the beginning of one: the SDK would read it as an empty answer, an
    empty fleet."""
    if response_dict["status_code"] >= 300 or operation_model.has_streaming_output:
        return
    protocol, body = operation_model.service_model.resolved_protocol, bytes(response_dict["body"])
    if protocol in {"ec2", "query"} and f"<{operation_model.name}Response".encode() not in body[:1024]:
        raise UnreadableAnswer(operation_model.name)
    if protocol == "json" and operation_model.output_shape is not None and not _is_object(body):
        raise UnreadableAnswer(operation_model.name)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False
