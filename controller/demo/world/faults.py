"""Faults on the wire: requests that are held, delayed, refused or cut off, before or after they take effect; and
answers that are old, empty, cut short, garbled or dribbled."""

import threading
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Self

from pydantic import Field, model_validator

from controller.demo.scenario import Model
from controller.demo.world.requests import AwsRequest


class Moment(StrEnum):
    """When a fault strikes: before the request takes effect, or after it did and before it is answered."""

    BEFORE = "before"
    AFTER = "after"


class Outcome(StrEnum):
    """How a held request goes on: as if nothing had been, or with its connection cut (before: without any effect)."""

    PROCEED = "proceed"
    DROP = "drop"


class Spoiling(StrEnum):
    """What becomes of a good answer. stale: an older answer to the same question takes its place. empty_page: a page
    without entries comes first, and a token that leads to the answer. truncated: it is cut short, and so is the
    connection. garbage: something else comes instead. dribble: it comes in very small pieces."""

    STALE = "stale"
    EMPTY_PAGE = "empty_page"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    DRIBBLE = "dribble"


class FaultRule(Model):
    """Which requests it strikes, and what it does to them: exactly one of hold, delay, error, reset and spoil.

    service, action: shell patterns (`autoscaling`, `Terminate*`). key: the access key id; None is anybody's.
    mutating: True or False strikes only those; None both. parameters: values the request must carry.
    spoil: what becomes of an answer that was good. stale_seconds: how old a stale one is at least.
    nth: the first matching request to be struck, counted from 1. times: how many in a row; None is all that follow.
    """

    service: str = "*"
    action: str = "*"
    key: str | None = None
    mutating: bool | None = None
    parameters: dict[str, str] = Field(default_factory=dict)
    nth: int = Field(default=1, ge=1)
    times: int | None = Field(default=1, ge=1)
    moment: Moment = Moment.BEFORE
    hold: bool = False
    delay_seconds: float | None = Field(default=None, gt=0, le=600)
    error_code: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.]+$")
    error_status: int = Field(default=400, ge=400, le=599)
    error_message: str = "injected by the demo world"
    reset: bool = False
    spoil: Spoiling | None = None
    stale_seconds: float = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        deeds = (self.hold, self.delay_seconds is not None, self.error_code is not None, self.reset)
        if sum(deeds) + (self.spoil is not None) != 1:
            raise ValueError("a fault does exactly one of: hold, delay_seconds, error_code, reset, spoil")
        return self

    def matches(self, request: AwsRequest) -> bool:
        """Whether a request is of the kind that this rule is about."""
        return (
            fnmatchcase(request.service, self.service)
            and fnmatchcase(request.action, self.action)
            and self.key in (None, request.key)
            and self.mutating in (None, request.mutating)
            and all(request.parameters.get(name) == value for name, value in self.parameters.items())
        )


@dataclass(slots=True)
class ActiveRule:
    """A rule in force. seen: matching requests so far. struck: how many of them it struck."""

    id: int
    rule: FaultRule
    seen: int = 0
    struck: int = 0

    def strikes(self, request: AwsRequest) -> bool:
        """Count a matching request, and tell whether it is struck."""
        if not self.rule.matches(request):
            return False
        self.seen += 1
        hit = self.seen >= self.rule.nth and (self.rule.times is None or self.struck < self.rule.times)
        self.struck += hit
        return hit


@dataclass(slots=True)
class Held:
    """A request that waits to be released."""

    id: int
    rule_id: int
    moment: Moment
    request: AwsRequest
    outcome: Outcome | None = None


class Faults:
    """The rules in force and the requests they hold. Safe to use from every request's thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rules: list[ActiveRule] = []
        self._held: dict[int, Held] = {}
        self._next_id = 1

    def add(self, rule: FaultRule) -> ActiveRule:
        """Put a rule into force."""
        with self._changed:
            active = ActiveRule(self._take_id(), rule)
            self._rules.append(active)
            return active

    def clear(self) -> None:
        """Lift all rules. What is held stays held."""
        with self._changed:
            self._rules.clear()

    def rules(self) -> list[ActiveRule]:
        """The rules in force, in the order they came."""
        with self._changed:
            return list(self._rules)

    def strike(self, request: AwsRequest) -> ActiveRule | None:
        """The first rule that strikes a request that just arrived. Every rule counts it."""
        with self._changed:
            struck = [rule for rule in self._rules if rule.strikes(request)]
            return struck[0] if struck else None

    def hold(self, rule: ActiveRule, request: AwsRequest) -> Outcome:
        """Wait until somebody releases the request."""
        with self._changed:
            held = Held(self._take_id(), rule.id, rule.rule.moment, request)
            self._held[held.id] = held
            self._changed.notify_all()
            self._changed.wait_for(lambda: held.outcome is not None)
            return held.outcome or Outcome.DROP

    def waiting(self, timeout_seconds: float) -> list[Held]:
        """The held requests; waits up to `timeout_seconds` for the first."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._held), timeout_seconds)
            return list(self._held.values())

    def release(self, held_id: int | None, outcome: Outcome) -> int:
        """Let one held request go on, or all when `held_id` is None; how many there were."""
        with self._changed:
            chosen = [held for held in self._held.values() if held_id in (None, held.id)]
            for held in chosen:
                held.outcome = outcome
                del self._held[held.id]
            self._changed.notify_all()
            return len(chosen)

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1
