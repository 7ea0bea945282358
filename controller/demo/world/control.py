"""`/_world/...`: how a test, or a curious person, looks into the world and breaks it. JSON over loopback."""

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

from moto.core.exceptions import ServiceException
from pydantic import Field, TypeAdapter, ValidationError

from controller.demo.scenario import Model, StatusCheck, TargetState
from controller.demo.world.authority import Authority
from controller.demo.world.conditions import Conditions
from controller.demo.world.faults import ActiveRule, FaultRule, Faults, Held, Outcome
from controller.demo.world.group_events import GroupEvent, change_group
from controller.demo.world.life_events import LifeEvent, change_life
from controller.demo.world.requests import read_body
from controller.demo.world.telemetry_events import TelemetryEvent, change_telemetry
from controller.demo.world.world import World

PREFIX = "/_world/"
LONGEST_POLL_SECONDS = 30.0
ALARM = "a monitor alarm demo-alarm in state ALARM triggered policy demo-policy"


class SetStatus(Model):
    """EC2's status checks of one instance say this from now on."""

    kind: Literal["status"]
    instance: str
    status: StatusCheck


class SetTarget(Model):
    """Every target group says this of one instance from now on; `healthy` takes it back."""

    kind: Literal["target"]
    instance: str
    state: TargetState


class Scale(Model):
    """A scaling policy sets the desired capacity, within the group's bounds."""

    kind: Literal["scale"]
    group: str
    desired: int = Field(ge=0)


class Die(Model):
    """An instance terminates by itself; its group finds out by its health check."""

    kind: Literal["die"]
    instance: str


class SetCapacity(Model):
    """EC2 has, or has not, room for further instances of a group."""

    kind: Literal["capacity"]
    group: str
    available: bool


class SetLaunching(Model):
    """Whether LaunchInstances raises the desired capacity of a group. Nobody has seen yet that AWS's does."""

    kind: Literal["launching"]
    group: str
    raises_desired: bool


class SetRefresh(Model):
    """DescribeInstanceRefreshes reports a refresh in this state; None reports none."""

    kind: Literal["refresh"]
    group: str
    status: str | None


class SetTime(Model):
    """Time stands still (`frozen`: true), passes again (false), or is moved on by so many seconds, tick by tick."""

    kind: Literal["time"]
    frozen: bool | None = None
    advance_seconds: float = Field(default=0, ge=0, le=3600)


class Attached(Model):
    """Policies, as IAM takes them, of whoever signs with such access keys (`AKIADAEMON*`) or acts as such a role
    (`role/member`)."""

    keys: str
    documents: list[dict[str, Any]]


class Release(Model):
    """Let a held request go on; without `held`, all of them."""

    held: int | None = None
    outcome: Outcome


Happening = SetStatus | SetTarget | Scale | Die | SetCapacity | SetLaunching | SetRefresh | SetTime
Event = Annotated[Happening | LifeEvent | TelemetryEvent | GroupEvent, Field(discriminator="kind")]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Control:
    """The application behind `/_world/`.

    GET state | waiting?timeout_seconds=5 | rules; POST events | rules | release | policies; DELETE rules.
    """

    def __init__(self, world: World, authority: Authority, faults: Faults) -> None:
        self._world = world
        self._authority = authority
        self._faults = faults

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request: 200, 400 with the reason, or 404."""
        route = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix(PREFIX)}"
        try:
            status, result = "200 OK", self._route(route, environ)
        except LookupError:
            status, result = "404 Not Found", {"error": f"there is no {route}"}
        except (ValidationError, ServiceException, ValueError) as error:
            status, result = "400 Bad Request", {"error": str(error)}
        body = json.dumps(result).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _route(self, route: str, environ: dict[str, Any]) -> object:
        handlers: dict[str, Callable[[dict[str, Any]], object]] = {
            "GET state": lambda _: self.state(),
            "GET waiting": self._waiting,
            "GET rules": lambda _: [_describe_rule(rule) for rule in self._faults.rules()],
            "POST rules": lambda env: _describe_rule(self._faults.add(FaultRule.model_validate_json(_body(env)))),
            "DELETE rules": lambda _: self._faults.clear(),
            "POST release": self._release,
            "POST policies": lambda env: self._attach(Attached.model_validate_json(_body(env))),
            "POST events": lambda env: self.happen(EVENT.validate_json(_body(env))),
        }
        return handlers[route](environ)

    def state(self) -> dict[str, object]:
        """The world's time, and every group with its members."""
        with self._world.lock:
            groups = {group.name: self._world.truth.details(group) for group in self._world.scaling.groups}
            now = self._world.conditions.time.now()
        return {"now": now.isoformat(), "groups": groups}

    def happen(self, event: Event) -> None:
        """Let something happen to the world."""
        with self._world.lock:
            self._world.log.write("control", {"event": event.model_dump(mode="json")})
            if isinstance(event, TelemetryEvent):
                change_telemetry(self._world.telemetry, event)
            elif isinstance(event, LifeEvent):
                change_life(self._world.scaling, event)
            elif isinstance(event, GroupEvent):
                change_group(self._world.scaling, event)
            else:
                self._apply(event)
            self._world.log_truth()

    def _apply(self, event: Happening) -> None:
        conditions, scaling = self._world.conditions, self._world.scaling
        match event:
            case SetStatus():
                conditions.status_checks[scaling.member(event.instance).instance_id] = (
                    event.status,
                    conditions.time.now(),
                )
            case SetTarget(state=TargetState.HEALTHY):
                conditions.target_faults.pop(scaling.member(event.instance).instance_id, None)
            case SetTarget():
                conditions.target_faults[scaling.member(event.instance).instance_id] = event.state
            case Scale():
                group = scaling.group_named(event.group)
                within = min(max(event.desired, int(group.min_size or 0)), int(group.max_size or 0))
                group.change_desired(within, ALARM, conditions.time.now())
            case Die():
                scaling.ec2_backend.terminate_instances([scaling.member(event.instance).instance_id])
            case SetCapacity() | SetLaunching():
                _limit(conditions, event, scaling.group_named(event.group).name)
            case SetTime():
                self._world.set_time(event.frozen, event.advance_seconds)
            case SetRefresh(status=None):
                conditions.refreshes.pop(event.group, None)
            case SetRefresh():
                conditions.refreshes[scaling.group_named(event.group).name] = (str(event.status), conditions.time.now())

    def _attach(self, attached: Attached) -> None:
        with self._world.lock:
            self._authority.bind(attached.keys, attached.documents)

    def _waiting(self, environ: dict[str, Any]) -> object:
        asked = parse_qs(environ.get("QUERY_STRING", "")).get("timeout_seconds", ["0"])[0]
        held = self._faults.waiting(min(float(asked), LONGEST_POLL_SECONDS))
        return [_describe_held(one) for one in held]

    def _release(self, environ: dict[str, Any]) -> object:
        release = Release.model_validate_json(_body(environ))
        return {"released": self._faults.release(release.held, release.outcome)}


def _limit(conditions: Conditions, event: SetCapacity | SetLaunching, group: str) -> None:
    if isinstance(event, SetCapacity):
        names, free = conditions.exhausted_groups, event.available
    else:
        names, free = conditions.launching_without_wish, event.raises_desired
    (names.discard if free else names.add)(group)


def _body(environ: dict[str, Any]) -> bytes:
    body = read_body(environ)
    if body is None:
        raise ValueError("the body is too large")
    return body


def _describe_rule(active: ActiveRule) -> dict[str, object]:
    return {
        "id": active.id,
        "seen": active.seen,
        "struck": active.struck,
        "rule": active.rule.model_dump(mode="json"),
    }


def _describe_held(held: Held) -> dict[str, object]:
    return {
        "id": held.id,
        "rule": held.rule_id,
        "moment": held.moment,
        "service": held.request.service,
        "action": held.request.action,
        "parameters": held.request.parameters,
        "key": held.request.key,
    }
