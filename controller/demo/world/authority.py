"""Who may do what in the world: policies by access key, or by role. Whoever has none may do everything."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID

from controller.demo.world.iam import Need, Policies
from controller.demo.world.needs import Needs
from controller.demo.world.requests import AwsRequest

SESSION_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
"""In the answer to AssumeRole."""


class Authority:
    """Asked before every request. Whoever asks it holds the world's lock."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._bound: list[tuple[str, Policies]] = []
        self._sessions: dict[str, tuple[str, str]] = {}

    def bind(self, keys: str, documents: Iterable[Mapping[str, Any]]) -> None:
        """From now on whoever signs with such a key (a pattern), or acts as such a role (`role/NAME`), has these
        policies and no others; the newest pattern that fits counts. Raises ValueError for a policy that is not
        understood."""
        self._bound.insert(0, (keys, Policies(documents)))

    def identified(self, request: AwsRequest) -> AwsRequest:
        """The request as whoever took the role on that it is signed for."""
        key, role = self._sessions.get(request.key, (request.key, ""))
        return replace(request, key=key, role=role)

    def taken_on(self, request: AwsRequest, answer: bytes) -> None:
        """Remember whose session that is, if this was a role that was taken on."""
        found = SESSION_KEY.search(answer) if request.action == "AssumeRole" else None
        if found:
            self._sessions[found[1].decode()] = (request.key, request.parameters["RoleArn"].rpartition("/")[2])

    def needed(self, request: AwsRequest, body: bytes) -> tuple[list[Need], Need | None]:
        """What a request needs, and the first of it that is not allowed; nothing at all for one without policies."""
        who = f"role/{request.role}" if request.role else request.key
        policies = next((held for keys, held in self._bound if fnmatchcase(who, keys)), None)
        if policies is None:
            return [], None
        needs = self._needs.of(request, body)
        return needs, next((need for need in needs if not policies.allow(need)), None)


def denial(request: AwsRequest, need: Need) -> tuple[int, str, str]:
    """Status, code and words of AWS's answer to what is not allowed."""
    who = f"arn:aws:sts::{DEFAULT_ACCOUNT_ID}:assumed-role/{request.role or 'repave'}/{request.key}"
    what = f"{need.action} on resource: {need.resource}"
    words = f"User: {who} is not authorized to perform: {what} because no identity-based policy allows the action"
    if request.service == "ec2":
        return 403, "UnauthorizedOperation", f"You are not authorized to perform this operation. {words}"
    return (400, "AccessDeniedException", words) if request.protocol == "json" else (403, "AccessDenied", words)
