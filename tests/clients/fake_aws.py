"""An AWS endpoint on a real socket that answers what it is told to, well or badly, and counts what reaches it."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from botocore.loaders import create_loader

from controller.clients.aws import Aws, Bounds
from tests.support.answering import Says, Serving, send

EMPTY = {
    "AWS_ENDPOINT_URL": None,
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_SESSION_TOKEN": None,
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
    "AWS_REGION": None,
    "AWS_DEFAULT_REGION": None,
    "AWS_ROLE_ARN": None,
    "AWS_WEB_IDENTITY_TOKEN_FILE": None,
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": None,
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": None,
    "NO_PROXY": "127.0.0.1",
}


@dataclass
class Request:
    """One request as it arrived."""

    operation: str
    parameters: dict[str, Any]
    service: str
    region: str
    access_key: str

    def many(self, name: str) -> list[str]:
        """The values of a list parameter, such as InstanceId.1, InstanceId.2."""
        return [value for key, value in self.parameters.items() if re.fullmatch(rf"{name}\.(?:member\.)?\d+", key)]


@dataclass
class Answer(Says):
    """What to answer, as AWS writes it."""

    kind: str = "text/xml"


@dataclass
class FakeAws(Serving):
    """Answers by operation: the given ones in turn, the last of them for ever. otherwise: any other operation."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    otherwise: Answer = field(default_factory=lambda: refusal(400, "InvalidAction", "nobody told me"))
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def says(self, operation: str, *answers: Answer) -> None:
        self.answers[operation] = list(answers)

    def asked(self, operation: str) -> list[Request]:
        return [request for request in self.requests if request.operation == operation]

    def environment(self, monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
        """Point the SDK here, and hide the machine's own settings from it."""
        ours = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "OURS",
            "AWS_SECRET_ACCESS_KEY": "throw-away",
        }
        for name, value in (EMPTY | ours | changes).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        target, text = request.headers.get("X-Amz-Target", ""), await request.text()
        parameters: dict[str, Any] = json.loads(text) if target else dict(parse_qsl(text))
        operation = target.rpartition(".")[2] or parameters.pop("Action", "")
        parameters.pop("Version", None)
        signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", request.headers.get("Authorization", ""))
        key, region, service = signed.groups() if signed else ("", "", "")
        self.requests.append(Request(operation, parameters, service, region, key))
        turns = self.answers.get(operation) or [self.otherwise]
        return await send(request, turns.pop(0) if len(turns) > 1 else turns[0], self.stopping)


def ok(operation: str, inner: str = "", *, wrapped: bool = True) -> Answer:
    """A success. wrapped: as Auto Scaling, ELB and STS answer (`query`); EC2's answers have no result element."""
    result = f"<{operation}Result>{inner}</{operation}Result>" if wrapped else inner
    return Answer(f'<?xml version="1.0"?><{operation}Response xmlns="urn:x">{result}</{operation}Response>')


def ok_json(content: dict[str, Any]) -> Answer:
    """A success of a service that speaks JSON (CloudWatch, Logs, SSM)."""
    return Answer(json.dumps(content))


def refusal_json(status: int, code: str, message: str = "said AWS") -> Answer:
    """An error of a service that speaks JSON."""
    return Answer(json.dumps({"__type": code, "message": message}), status=status)


def error(code: str, message: str, *, ec2: bool = False) -> str:
    """The XML of an error."""
    one = f"<Code>{code}</Code><Message>{message}</Message>"
    if ec2:
        return f"<Response><Errors><Error>{one}</Error></Errors><RequestID>q</RequestID></Response>"
    return f"<ErrorResponse><Error><Type>Sender</Type>{one}</Error><RequestId>q</RequestId></ErrorResponse>"


def refusal(status: int, code: str, message: str = "said AWS", *, ec2: bool = False) -> Answer:
    return Answer(error(code, message, ec2=ec2), status=status)


def role_credentials(access_key: str, lasts: timedelta) -> Answer:
    """STS's answer to AssumeRole."""
    until = datetime.now(UTC) + lasts
    inner = (
        f"<Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>theirs</SecretAccessKey>"
        f"<SessionToken>token</SessionToken><Expiration>{until:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
    )
    return ok("AssumeRole", inner)


class VirtualClock:
    """A clock that only sleeping moves; it is noted, and takes no real time."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)) -> None:
        self._now = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        """Let so much time pass."""
        self._now += timedelta(seconds=seconds)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}-0"


LOADER = create_loader()
PATIENT = Bounds(60.0, 60.0, 60.0, 60.0)
"""However busy the machine is: loading the models of a service takes a while."""


def client_of(clock: VirtualClock, bounds: Bounds | None = None) -> Aws:
    """A client like any other, but AWS's models are read from the disk only once for all tests."""
    aws = Aws(clock, bounds or PATIENT)
    aws._session.register_component("data_loader", LOADER)
    return aws


def group_names(names: Sequence[str], token: str = "") -> Answer:
    """A page of DescribeAutoScalingGroups."""
    members = "".join(f"<member><AutoScalingGroupName>{name}</AutoScalingGroupName></member>" for name in names)
    more = f"<NextToken>{token}</NextToken>" if token else ""
    return ok("DescribeAutoScalingGroups", f"<AutoScalingGroups>{members}</AutoScalingGroups>{more}")
