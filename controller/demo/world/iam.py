"""What an identity may do, as IAM decides it from the policies attached to that identity.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html: nothing is
allowed that no statement allows, and one that denies wins. Of conditions, only those in OPERATORS are known; a policy
with another one is not taken at all, so that no test passes because of what was not understood.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Need:
    """What a call needs to be allowed. action: as IAM names it. resource: its ARN, or `*` where it is about no single
    one. context: condition keys with their values; keys compare without regard to case."""

    action: str
    resource: str = EVERYTHING
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy. conditions: operator, key, accepted values."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def covers(self, need: Need) -> bool:
        """Whether it speaks of this call."""
        return (
            any(like(pattern.lower(), need.action.lower()) for pattern in self.actions)
            and any(like(pattern, need.resource) for pattern in self.resources)
            and all(_holds(condition, need.context) for condition in self.conditions)
        )


class Policies:
    """The policies of one identity. documents: as IAM takes them. Raises ValueError for what is not understood."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self._statements = [_statement(one) for document in documents for one in _many(document["Statement"])]

    def allow(self, need: Need) -> bool:
        """Whether this may be done."""
        covering = [one for one in self._statements if one.covers(need)]
        return bool(covering) and all(one.allows for one in covering)


def like(pattern: str, text: str) -> bool:
    """Whether a pattern of IAM fits the whole text: `*` is anything, `?` is one character."""
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": like,
    "ArnLike": like,
}


def _holds(condition: tuple[str, str, tuple[str, ...]], context: Mapping[str, str]) -> bool:
    """A key that the call does not have fulfils none of these conditions."""
    operator, key, accepted = condition
    found = next((value for name, value in context.items() if name.lower() == key.lower()), None)
    return found is not None and any(OPERATORS[operator](value, found) for value in accepted)


def _statement(written: Mapping[str, Any]) -> Statement:
    unknown = written.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}
    conditions = [
        (operator, key, tuple(_many(values)))
        for operator, tests in written.get("Condition", {}).items()
        for key, values in tests.items()
    ]
    unknown |= {operator for operator, _, _ in conditions} - OPERATORS.keys()
    if unknown:
        raise ValueError(f"this emulator does not understand {', '.join(sorted(unknown))} in a policy")
    return Statement(
        written["Effect"] == "Allow",
        tuple(_many(written["Action"])),
        tuple(_many(written["Resource"])),
        tuple(conditions),
    )


def _many(value: Any) -> list[Any]:
    """IAM takes a single one where a list may stand."""
    return list(value) if isinstance(value, list) else [value]
