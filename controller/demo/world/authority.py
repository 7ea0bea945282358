"""Who may do what in the world: policies by access key. Whoever has none may do everything."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID

from controller.demo.world.iam import Need, Policies
from controller.demo.world.needs import Needs
from controller.demo.world.requests import AwsRequest


class Authority:
    """Asked before every request. Whoever asks it holds the world's lock."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._bound: list[tuple[str, Policies]] = []

    def bind(self, keys: str, documents: Iterable[Mapping[str, Any]]) -> None:
        """From now on whoever signs with such a key (a pattern) has these policies and no others; the newest pattern
        that fits a key counts. Raises ValueError for a policy that is not understood."""
        self._bound.insert(0, (keys, Policies(documents)))

    def needed(self, request: AwsRequest, body: bytes) -> tuple[list[Need], Need | None]:
        """What a request needs, and the first of it that is not allowed; nothing at all for a key without policies."""
        policies = next((held for keys, held in self._bound if fnmatchcase(request.key, keys)), None)
        if policies is None:
            return [], None
        needs = self._needs.of(request, body)
        return needs, next((need for need in needs if not policies.allow(need)), None)


def denial(request: AwsRequest, need: Need) -> tuple[int, str, str]:
    """Status, code and words of AWS's answer to what is not allowed."""
    who = f"arn:aws:sts::{DEFAULT_ACCOUNT_ID}:assumed-role/repave/{request.key}"
    what = f"{need.action} on resource: {need.resource}"
    words = f"User: {who} is not authorized to perform: {what} because no identity-based policy allows the action"
    if request.service == "ec2":
        return 403, "UnauthorizedOperation", f"You are not authorized to perform this operation. {words}"
    return (400, "AccessDeniedException", words) if request.protocol == "json" else (403, "AccessDenied", words)
