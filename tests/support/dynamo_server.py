"""A DynamoDB to test against: moto's, over HTTP on a loopback port, with what moto leaves out put right.

- moto's transactions copy the table and put the copy back when they fail: two at once would lose each other's writes.
  Here requests take turns, and the copy is shallow, which is enough for whole items that are put and deleted.
- moto sorts the whole table for each query, and copies it for each item of a transaction: here it does so once.
- moto forgets `ClientRequestToken`: here a transaction that is sent again is answered again and not done again
  (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
- Every request is counted, and can be struck.
- The shipped policy (deploy/iam/journal.json) is in force for everybody but the owner of the tables.
"""

import copy
import json
import os
import socket
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from pathlib import Path
from string import Template
from threading import Lock, Thread
from typing import Any, Literal

import boto3  # type: ignore[import-untyped]
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from controller.demo.world.iam import Policies
from controller.demo.world.table_needs import of_tables

REGION = "eu-west-1"
KEYS = (("pk", "HASH"), ("sk", "RANGE"))
NUMBERS = count(1)

OWNER = "AKIAOWNER"
"""Who makes the tables signs so."""

POLICY = Template((Path(__file__).parents[2] / "deploy" / "iam" / "journal.json").read_text(encoding="utf-8"))

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


COPIES: dict[int, Any] = {}
"""Of the request that is being served: moto copies the table once for each item of a transaction, before the first."""

WHOLE_QUERY = Table.query


def _shallow(table: Any, _memo: Any) -> Any:
    if id(table) not in COPIES:
        clone = COPIES[id(table)] = copy.copy(table)
        clone.items = defaultdict(dict, {pk: dict(items) for pk, items in table.items.items()})
    return COPIES[id(table)]


def _query(table: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
    """moto sorts the whole table for each query; this shows it no more than the items of that key."""
    narrow = copy.copy(table)
    narrow.items = {hash_key: table.items.get(hash_key, {})}
    return WHOLE_QUERY(narrow, hash_key, *args, **kwargs)


Table.__deepcopy__ = _shallow  # type: ignore[attr-defined]
Table.query = _query  # type: ignore[method-assign, assignment]


@dataclass
class Fault:
    """What strikes a request. operation: such as PutItem. does: `lose` its answer after it was done, `cut` it off
    before it is done, `refuse` it, or only let something happen before. nth: which of them, counted from 1; 0 for every
    one. first: what happens before the request is looked at, in the request's thread."""

    operation: str
    does: Literal["lose", "cut", "refuse", "nothing"] = "refuse"
    nth: int = 1
    code: str = "ThrottlingException"
    words: str = "Rate exceeded"
    status: int = 400
    reasons: tuple[str, ...] = ()
    first: Callable[[], object] | None = None
    seen: int = 0
    struck: int = 0

    def strikes(self, operation: str) -> bool:
        """Whether it strikes this one; counts it."""
        self.seen += operation == self.operation
        strikes = operation == self.operation and self.nth in (0, self.seen)
        self.struck += strikes
        return strikes

    def answer(self) -> bytes:
        """Its refusal, in DynamoDB's shape."""
        told: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{self.code}", "message": self.words}
        if self.reasons:
            told["CancellationReasons"] = [{"Code": reason} for reason in self.reasons]
        return json.dumps(told).encode()


def policy() -> dict[str, Any]:
    """The shipped one, for every table here."""
    shipped: dict[str, Any] = json.loads(POLICY.substitute(table_arn=f"arn:aws:dynamodb:{REGION}:123456789012:table/*"))
    return shipped


@dataclass
class DynamoServer:
    """faults: strike requests. asked: how often each operation was asked for. bodies: the last that were asked.
    policies: what everybody may do but the owner of the tables. used: what they were allowed, as IAM names it."""

    faults: list[Fault] = field(default_factory=list)
    policies: Policies = field(default_factory=lambda: Policies([policy()]))
    used: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    bodies: deque[tuple[str, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=1000))
    _lock: Lock = field(default_factory=Lock)
    _answers: dict[str, tuple[str, Any, bytes]] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator["DynamoServer"]:
        """Serve until the context ends."""
        self._app = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    @contextmanager
    def striking(self, fault: Fault) -> Iterator[Fault]:
        """A fault for as long as the context lasts."""
        self.faults.append(fault)
        try:
            yield fault
        finally:
            self.faults.remove(fault)

    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        return self.environment_of(self.endpoint)

    @staticmethod
    def environment_of(endpoint: str) -> dict[str, str]:
        """What a process needs to find one there."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        }

    @contextmanager
    def found(self) -> Iterator[None]:
        """This process finds it, and so do its children."""
        before = {name: os.environ.get(name) for name in self.environment()}
        os.environ.update(self.environment())
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value

    def client(self) -> Any:
        """boto3's client for it."""
        return boto3.client(
            "dynamodb",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=OWNER,
            aws_secret_access_key="not-a-secret",
        )

    def make_table(self, keys: Iterable[tuple[str, str]] = KEYS) -> str:
        """A new table, and its name."""
        name = f"repave-{next(NUMBERS)}"
        keys = tuple(keys)
        client = self.client()
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        told = {"Enabled": True, "AttributeName": "expires_at_epoch"}
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=told)
        client.close()
        return name

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        told = json.loads(body) if operation else {}
        with self._lock:
            self.asked[operation] += 1
            self.bodies.append((operation, told))
            struck = [fault for fault in self.faults if fault.strikes(operation)]
        denial = self._denial(environ.get("HTTP_AUTHORIZATION", ""), operation, told)
        struck += [denial] if denial else []
        for fault in struck:
            if fault.first is not None:
                fault.first()
        with self._lock:
            for fault in struck:
                if fault.does == "refuse":
                    content = fault.answer()
                    start_response(f"{fault.status} Refused", _headers(content))
                    return [content]
                if fault.does == "cut":
                    return _hang_up(environ, start_response)
            answer = self._once(told.get("ClientRequestToken"), environ)
            if any(fault.does == "lose" for fault in struck):
                return _hang_up(environ, start_response)
        start_response(answer[0], _headers(answer[2]))
        return [answer[2]]

    def _denial(self, authorization: str, operation: str, asked: dict[str, Any]) -> Fault | None:
        """The refusal of what the policy does not allow."""
        if f"Credential={OWNER}/" in authorization:
            return None
        needs = of_tables(REGION, operation, asked)
        lacking = next((need for need in needs if not self.policies.allow(need)), None)
        if lacking is None:
            self.used |= {need.action for need in needs}
            return None
        words = f"User: arn:aws:iam::1:role/x is not authorized to perform: {lacking.action} on {lacking.resource}"
        return Fault(operation, code="AccessDeniedException", words=words)

    def _once(self, token: str | None, environ: Environ) -> tuple[str, Any, bytes]:
        if token in self._answers:
            return self._answers[token]
        heads: list[Any] = []

        def start(status: str, headers: Any, *_: Any) -> None:
            heads[:] = [status, headers]

        COPIES.clear()
        content = b"".join(self._app(environ, start))
        answer = (heads[0], heads[1], content)
        if token and heads[0].startswith("200"):
            self._answers[token] = answer
        return answer


def _headers(content: bytes) -> list[tuple[str, str]]:
    return [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(content)))]


class _Quiet(MotoRequestHandler):
    """One that was hung up is nobody's fault. werkzeug closes each connection after its answer."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any, **__: Any) -> None:
        """Nothing."""


def _hang_up(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    start_response("500 Gone", [])
    return []
