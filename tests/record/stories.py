"""Replacements as their events, legal by the state machine: each story is folded as it is written."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.domain.lifecycle import Kind, Step
from controller.domain.ports import RefusalRecord
from controller.domain.replacement import Event, fold

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

EVIDENCE: list[dict[str, Any]] = [
    {
        "rule": "disk filling",
        "probe": "cloudwatch",
        "cause": "degraded",
        "value": 93.1,
        "unit": "%",
        "threshold": "above 90",
        "for_seconds": 900.0,
        "breached_for_seconds": 1320.0,
        "query": "CWAgent disk_used_percent Maximum 1m path=/",
        "measured_at": "2026-11-23T11:59:00Z",
        "outcome": "breached",
        "reason": "",
        "found": True,
        "samples": ["kernel: no space left on device"],
    },
    {
        "rule": "errors",
        "probe": "newrelic",
        "cause": "degraded",
        "value": None,
        "unit": "%",
        "threshold": "above 5",
        "for_seconds": 600.0,
        "breached_for_seconds": 0.0,
        "query": "SELECT percentage(count(*), WHERE error IS true) FROM Transaction FACET host",
        "measured_at": None,
        "outcome": "unknown",
        "reason": "no row",
        "found": False,
        "samples": [],
    },
    {
        "rule": "host impaired",
        "probe": "ec2_status",
        "cause": "degraded",
        "value": "ok",
        "unit": "",
        "threshold": "impaired",
        "for_seconds": 180.0,
        "breached_for_seconds": 0.0,
        "query": "ec2:DescribeInstanceStatus",
        "measured_at": "2026-11-23T11:59:59Z",
        "outcome": "ok",
        "reason": "",
        "found": False,
    },
]

ACCEPTED: dict[str, Any] = {
    "fleet": "web",
    "platform": "asg",
    "group": "web-prod",
    "zone": "eu-west-1a",
    "predecessor": "i-0a1b",
    "causes": ["disk filling"],
    "verdict": "degraded",
    "urgent": False,
    "policy_hash": "0123456789ab",
    "mode": "act",
    "evidence": EVIDENCE,
    "predecessor_facts": {
        "host.type": "m7g.large",
        "zone": "eu-west-1a",
        "image_id": "ami-0old",
        "image_created_at": "2026-09-01T00:00:00Z",
        "launched_at": "2026-11-08T07:12:00Z",
    },
    "scope": {"cloud.provider": "aws", "cloud.region": "eu-west-1", "cloud.account.id": "123456789012"},
    "serving": 8,
    "desired": 8,
    "observe_started_at": "2026-11-23T11:59:58.800000Z",
    "observe_ended_at": "2026-11-23T12:00:00Z",
    "judge_ended_at": "2026-11-23T12:00:00Z",
}


class Story:
    """Writes the events of one replacement, `after` so many seconds each."""

    def __init__(self, replacement_id: str = "r-7f3a9c21d0", **accepted: Any) -> None:
        self.events = [Event(replacement_id, 0, START, Kind.ACCEPTED, None, {**ACCEPTED, **accepted})]
        self._calls = 0

    def then(self, after: float, kind: Kind, step: Step | None = None, **facts: Any) -> "Story":
        last = self.events[-1]
        at = last.at + timedelta(seconds=after)
        self.events.append(Event(last.replacement_id, last.ordinal + 1, at, kind, step, facts))
        fold(self.events)
        return self

    def call(
        self,
        name: str,
        step: Step | None,
        took: float = 0.3,
        outcome: str = "ok",
        arguments: dict[str, Any] | None = None,
        **returned: Any,
    ) -> "Story":
        ordinal = self._calls
        self.called(name, step, arguments)
        return self.then(took, Kind.RETURNED, step, call=name, ordinal=ordinal, outcome=outcome, **returned)

    def called(self, name: str, step: Step | None, arguments: dict[str, Any] | None = None) -> "Story":
        ordinal, self._calls = self._calls, self._calls + 1
        asked = {"group": "web-prod"} if arguments is None else arguments
        return self.then(0.05, Kind.CALLED, step, call=name, ordinal=ordinal, arguments=asked)


def launched(story: Story) -> Story:
    found = {"successor": "i-0fresh", "successor_facts": {"zone": "eu-west-1a", "image_id": "ami-0new"}}
    story.then(0.1, Kind.STARTED, Step.LAUNCH)
    story.call("autoscaling.SetDesiredCapacity", Step.LAUNCH, result={"desired": 9})
    story.then(12.0, Kind.PAUSED, reason="fleet:web held by ana until resumed: deploy")
    story.then(30.0, Kind.RESUMED, reason="the hold is over")
    story.call("autoscaling.SetInstanceProtection", Step.LAUNCH)
    return story.then(0.2, Kind.SUCCEEDED, Step.LAUNCH, polls=9, **found)


def verified(story: Story) -> Story:
    launched(story)
    story.then(0.1, Kind.STARTED, Step.AWAIT_READY).then(61.0, Kind.SUCCEEDED, Step.AWAIT_READY, polls=12)
    reason = "i-0fresh serves, and disk filling is fine on it"
    asked = {"rule": "disk filling", "threshold": "above 90", "unit": "%"}
    before = {"value": 93.1, "outcome": "breached", "for_seconds": 900.0, "breached_for_seconds": 1320.0}
    measured = {"readings": 9, "breached": 0, "min": 10.5, "max": 12.25, "last": 11.0}
    sides = [
        {"side": "predecessor", **asked, **before},
        {"side": "successor", "instance": "i-0fresh", **asked, **measured},
        {"side": "siblings", **asked, "instances": 6, "breached": 1, "median": 40.0},
    ]
    story.then(0.1, Kind.STARTED, Step.VERIFY)
    return story.then(
        90.0,
        Kind.SUCCEEDED,
        Step.VERIFY,
        polls=18,
        verification="improved",
        reason=reason,
        sides=sides,
        bake_seconds=90.0,
    )


def replaced() -> list[Event]:
    story = verified(Story())
    story.then(0.1, Kind.STARTED, Step.DRAIN)
    story.call("elasticloadbalancing.DeregisterTargets", Step.DRAIN)
    story.then(45.0, Kind.SUCCEEDED, Step.DRAIN, polls=9, drained_seconds=45.0)
    story.then(0.1, Kind.STARTED, Step.TERMINATE)
    story.call("autoscaling.TerminateInstanceInAutoScalingGroup", Step.TERMINATE, took=0.4)
    story.then(8.0, Kind.SUCCEEDED, Step.TERMINATE, polls=2)
    return story.then(0.0, Kind.CLOSED, outcome="replaced").events


KEPT: dict[str, Any] = {
    "logs": {"lines": [f"2026-11-23T11:59:{n % 60:02d}Z line {n} {'.' * 60}" for n in range(150)], "cut": 50},
    "inspect": {"Id": "ab12", "Name": "/web-3", "State": {"Status": "running", "ExitCode": 0}},
    "stats": {"memory_bytes": 8_000_000, "memory_limit_bytes": 67_108_864, "pids": 2, "cpu_seconds": 1.5},
    "changes": {"count": 2, "paths": ["C /etc", "A /etc/cron.d/x"]},
    "missing": {"top": "docker.ContainerTop: container is not running (409)"},
}
"""What was kept of a container before it went."""


def tampered() -> list[Event]:
    """A container in which somebody ran a command; what it was like is kept with the call that stops it."""
    story = verified(
        Story(platform="docker", verdict="tampered", causes=["exec_seen"], scope={"host.name": "engine-1"})
    )
    story.then(0.1, Kind.STARTED, Step.DRAIN).then(1.0, Kind.SUCCEEDED, Step.DRAIN, polls=1)
    story.then(0.1, Kind.STARTED, Step.TERMINATE)
    asked = {"container": "ab12", "stop_seconds": 10, "evidence": KEPT}
    story.call("docker.ContainerStop", Step.TERMINATE, arguments=asked)
    story.call("docker.ContainerDelete", Step.TERMINATE, arguments={"container": "ab12"})
    story.then(0.2, Kind.SUCCEEDED, Step.TERMINATE, polls=1)
    return story.then(0.0, Kind.CLOSED, outcome="replaced").events


def undone() -> list[Event]:
    """Drained, then turned back: a call cut by a crash, the drain taken back, the surge given back."""
    story = verified(Story())
    story.then(0.1, Kind.STARTED, Step.DRAIN)
    story.call(
        "elasticloadbalancing.DeregisterTargets", Step.DRAIN, took=70.0, outcome="unknown", error="cut by a crash"
    )
    reason = "the successor i-0fresh is no longer in service"
    story.then(1.0, Kind.FAILED, Step.DRAIN, reason=reason, error_type="successor_lost", outcome="failed", polls=1)
    story.call("elasticloadbalancing.RegisterTargets", None)
    story.then(0.0, Kind.UNDONE, Step.DRAIN)
    story.call(
        "autoscaling.TerminateInstanceInAutoScalingGroup",
        None,
        outcome="failed",
        error="busy",
        code="ScalingActivityInProgress",
    )
    story.then(20.0, Kind.UNDONE, Step.LAUNCH, polls=5)
    return story.then(0.0, Kind.CLOSED, outcome="failed", reason=reason).events


def refused_before_launch() -> list[Event]:
    """The look before the launch says no."""
    story = Story().then(
        2.0, Kind.FAILED, Step.LAUNCH, reason="i-0a1b has recovered", error_type="recovered", outcome="aborted", polls=1
    )
    story.then(0.0, Kind.UNDONE, Step.LAUNCH, polls=1)
    return story.then(0.0, Kind.CLOSED, outcome="aborted", reason="i-0a1b has recovered").events


def gave_up_waiting() -> list[Event]:
    """The look before the drain waits for capacity, until the predecessor is well again."""
    reason = "i-0a1b has recovered"
    story = verified(Story())
    story.then(240.0, Kind.FAILED, Step.DRAIN, reason=reason, error_type="recovered", outcome="aborted", polls=48)
    story.call("autoscaling.TerminateInstanceInAutoScalingGroup", None)
    story.then(20.0, Kind.UNDONE, Step.LAUNCH, polls=5)
    return story.then(0.0, Kind.CLOSED, outcome="aborted", reason=reason).events


def long_lived() -> list[Event]:
    """Outlives its trace twice: within a step with a call under way, and on the way back, which it cannot finish."""
    story = launched(Story())
    story.then(0.1, Kind.STARTED, Step.AWAIT_READY)
    story.called("autoscaling.SetInstanceProtection", Step.AWAIT_READY)
    story.then(3000.0, Kind.CONTINUED)
    story.then(5.0, Kind.RETURNED, Step.AWAIT_READY, call="autoscaling.SetInstanceProtection", ordinal=2, outcome="ok")
    adopted = {"successor": "i-0other", "successor_facts": {"image_id": "ami-0new"}, "adopted": True}
    story.then(60.0, Kind.SUCCEEDED, Step.LAUNCH, **adopted)
    story.then(
        600.0, Kind.FAILED, Step.AWAIT_READY, reason="not ready", error_type="deadline", outcome="failed", polls=80
    )
    story.call("autoscaling.TerminateInstanceInAutoScalingGroup", None)
    story.then(2400.0, Kind.CONTINUED)
    story.called("autoscaling.SetInstanceProtection", None)
    return story.then(60.0, Kind.CLOSED, outcome="failed", reason="not ready", left_behind="i-0other").events


STORIES: dict[str, Callable[[], list[Event]]] = {
    "replaced": replaced,
    "undone": undone,
    "refused_before_launch": refused_before_launch,
    "gave_up_waiting": gave_up_waiting,
    "long_lived": long_lived,
    "tampered": tampered,
}

REFUSAL = RefusalRecord(
    "i-0prot",
    ("max_in_flight", "protected"),
    {
        "id": "i-0prot",
        "group": "web-prod",
        "zone": "eu-west-1b",
        "image": {"id": "ami-0old", "created_at": "2026-09-01T00:00:00Z", "age_seconds": 7171200.0},
        "verdict": "degraded",
        "evidence": EVIDENCE,
        "vetoes": [
            {"rule": "max_in_flight", "reason": "1 of 1 in flight (r-7f3)", "needs": "repave", "clears_at": None},
            {"rule": "protected", "reason": "protected from scale-in", "needs": "person", "clears_at": None},
        ],
    },
)
