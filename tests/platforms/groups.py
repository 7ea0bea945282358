"""Auto Scaling groups in memory that move only when told to: a test decides when time passes and who else acts."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ARN = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:0-1-2:autoScalingGroupName/"
T0 = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOT_COUNTED = ("Terminating", "Terminating:Wait", "Standby")


class Refusal(Exception):
    """AWS says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Row:
    """A member. targets: state by target group, absent where it is not registered."""

    id: str
    zone: str
    lifecycle: str = "InService"
    health: str = "Healthy"
    protected: bool = False
    version: int = 1
    image: str = "ami-old"
    targets: dict[str, str] = field(default_factory=dict)
    boot: int = 0
    registered: bool = True
    """Whether its group has put it into the target groups already; it does so once."""

    @property
    def counts(self) -> bool:
        return self.lifecycle not in NOT_COUNTED

    @property
    def serves(self) -> bool:
        return self.lifecycle == "InService" and self.health == "Healthy" and set(self.targets.values()) <= {"healthy"}


@dataclass
class Mutation:
    """One effective change through the API, with the counts before and after it."""

    call: str
    subject: str
    desired_before: int
    desired_after: int
    serving_before: int
    serving_after: int


@dataclass
class FakeGroup:
    """One group and its target groups. capacity: whether launches work. zone_queue: where the next newcomers land.
    boot: for how many steps a newcomer is Pending."""

    name: str = "web"
    desired: int = 3
    minimum: int = 0
    maximum: int = 10
    zones: tuple[str, ...] = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    arns: tuple[str, ...] = ("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1",)
    rows: dict[str, Row] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    capacity: bool = True
    boot: int = 1
    zone_queue: list[str] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)
    mutations: list[Mutation] = field(default_factory=list)
    born: int = 0
    victims: list[str] = field(default_factory=list)
    """Whom a scale-in takes first, before the default policy has its say."""
    steps: int = 0
    causes: list[str] = field(default_factory=list)
    audited: bool = True
    """Whether it writes its activities down."""
    tokens: dict[str, str] = field(default_factory=dict)
    launch_raises: int = 1
    """By how much LaunchInstances raises the desired capacity: AWS's might not."""
    hooked: bool = False
    """A termination hook keeps leavers in Terminating:Wait."""

    @property
    def serving(self) -> int:
        return sum(row.serves for row in self.rows.values())

    @property
    def counted(self) -> int:
        return sum(row.counts for row in self.rows.values())

    def populate(self, count: int) -> "FakeGroup":
        self.desired = count
        for number in range(count):
            zone = self.zones[number % len(self.zones)]
            row = Row(f"i-{number}", zone, targets=dict.fromkeys(self.arns, "healthy"))
            self.rows[row.id] = row
        return self

    # --- what an API call does ---------------------------------------------------------------------------------------

    def changed(self, call: str, subject: str, serving: int, desired: int | None = None) -> None:
        before = self.desired if desired is None else desired
        self.mutations.append(Mutation(call, subject, before, self.desired, serving, self.serving))

    def set_desired(self, desired: int) -> None:
        if not self.minimum <= desired <= self.maximum:
            raise Refusal("ValidationError", f"New SetDesiredCapacity value {desired} is out of bounds")
        step = f"changing the desired capacity from {self.desired} to {desired}"
        self.causes.append(f"At 2026-11-23T12:00:00Z a user request explicitly set group desired capacity {step}.")
        before, self.desired = self.desired, desired
        self.changed("set_desired", str(desired), self.serving, before)

    def launch_instances(self, zone: str, token: str) -> tuple[list[str], str]:
        """The ids, or an error's code. The same token gives the same instance, for as long as it is remembered."""
        if token in self.tokens:
            return [self.tokens[token]], ""
        if self.desired + 1 > self.maximum:
            raise Refusal("ValidationError", "the group would exceed its maximum size")
        if not self.capacity:
            return [], "InsufficientInstanceCapacity"
        before = self.desired
        self.zone_queue.insert(0, zone)
        self._launch()
        self.desired += self.launch_raises
        self.tokens[token] = f"i-new{self.born}"
        self.changed("launch_instances", token, self.serving, before)
        return [self.tokens[token]], ""

    def terminate(self, instance_id: str, decrement: bool) -> None:
        row = self.rows.get(instance_id)
        if row is None:
            raise Refusal("ValidationError", f"Instance Id not found - No managed instance found: {instance_id}")
        if row.lifecycle.startswith("Terminating"):
            raise Refusal("ScalingActivityInProgress", "it is on its way already")
        if decrement and self.desired - 1 < self.minimum:
            raise Refusal("ValidationError", "Currently, desiredSize equals minSize.")
        serving, desired = self.serving, self.desired
        self.desired -= decrement
        self.leave(row, "in response to a user request, shrinking the capacity")
        self.changed("terminate", instance_id, serving, desired)

    def protect(self, instance_id: str, protected: bool) -> None:
        row = self.rows.get(instance_id)
        if row is None or row.lifecycle not in ("InService", "Standby"):
            raise Refusal("ValidationError", f"The instance {instance_id} is not in InService or Standby.")
        row.protected = protected
        self.changed("protect" if protected else "unprotect", instance_id, self.serving)

    def register(self, arn: str, instance_id: str) -> None:
        if self.rows[instance_id].targets.get(arn) in (None, "draining"):
            self.rows[instance_id].targets[arn] = "initial"
            self.changed("register", instance_id, self.serving)

    def deregister(self, arn: str, instance_id: str) -> None:
        row = self.rows.get(instance_id)
        if row is not None and row.targets.get(arn) not in (None, "draining"):
            before = self.serving
            row.targets[arn] = "draining"
            self.changed("deregister", instance_id, before)

    # --- what happens by itself --------------------------------------------------------------------------------------

    def leave(self, row: Row, why: str) -> None:
        what = f"Terminating EC2 instance: {row.id}"
        self._log(what, f"At 2026-11-23T12:00:00Z instance {row.id} was taken out of service {why}.")
        row.lifecycle = "Terminating:Wait" if self.hooked else "Terminating"
        row.targets = dict.fromkeys(row.targets, "draining")

    def die(self, instance_id: str) -> None:
        """The group found it unhealthy and terminates it; desired stays, so another will be launched."""
        self.leave(self.rows[instance_id], "in response to an EC2 health check")

    def scale(self, by: int) -> None:
        """A scaling policy moves the desired capacity, within the bounds."""
        before, self.desired = self.desired, min(max(self.desired + by, self.minimum), self.maximum)
        policy = "a monitor alarm busy in state ALARM triggered policy more"
        self.causes.append(
            f"At 2026-11-23T12:00:00Z {policy} changing the desired capacity from {before} to {self.desired}."
        )

    def advance(self) -> None:
        """One step of time, of five seconds: each thing that takes a while gets one step further."""
        self.steps += 1
        for row in list(self.rows.values()):
            self._progress(row)
        while self.counted < self.desired:
            if not self.capacity:
                self._fail_to_launch()
                break
            self._launch()
        while self.counted > self.desired:
            victim = self._victim()
            if victim is None:
                break
            self.leave(victim, "in response to a difference between desired and actual capacity")

    def settle(self) -> None:
        """Let time pass until nothing moves any more."""
        for _ in range(10):
            self.advance()

    def _progress(self, row: Row) -> None:
        if row.lifecycle == "Terminating":
            if not row.targets:
                del self.rows[row.id]
            row.targets = {}
            return
        for arn, state in list(row.targets.items()):
            if state == "draining":
                del row.targets[arn]
            elif state == "initial":
                row.targets[arn] = "healthy"
        if row.lifecycle == "InService" and not row.registered:
            row.targets, row.registered = dict.fromkeys(self.arns, "initial"), True
        elif row.lifecycle == "Pending":
            row.boot -= 1
            row.lifecycle = "InService" if row.boot <= 0 else "Pending"

    def _launch(self) -> None:
        self.born += 1
        crowd = Counter(row.zone for row in self.rows.values() if row.counts)
        zone = self.zone_queue.pop(0) if self.zone_queue else min(self.zones, key=lambda one: (crowd[one], one))
        row = Row(f"i-new{self.born}", zone, "Pending", version=2, image="ami-new", boot=self.boot, registered=False)
        row.protected = bool(self.extra.get("NewInstancesProtectedFromScaleIn"))
        self.rows[row.id] = row
        self._log(f"Launching a new EC2 instance: {row.id}", "  ".join(self.causes))

    def _fail_to_launch(self) -> None:
        self._log(
            "Launching a new EC2 instance", "  ".join(self.causes), "Failed", "InsufficientInstanceCapacity: none left"
        )

    def _log(self, description: str, cause: str, status: str = "Successful", message: str = "") -> None:
        activity = {"ActivityId": f"a-{len(self.activities)}", "AutoScalingGroupName": self.name, "Cause": cause}
        told = {"StatusCode": status, "StatusMessage": message, "Description": description}
        if self.audited:
            self.activities.insert(0, {**activity, **told, "StartTime": T0 + timedelta(seconds=5 * self.steps)})

    def _victim(self) -> Row | None:
        free = [row for row in self.rows.values() if row.counts and not row.protected]
        named = next((row for name in self.victims for row in free if row.id == name), None)
        return named or min(free, key=lambda row: (row.version, row.id), default=None)

    # --- what DescribeAutoScalingGroups says -------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        return {
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": ARN + self.name,
            "MinSize": self.minimum,
            "MaxSize": self.maximum,
            "DesiredCapacity": self.desired,
            "AvailabilityZones": list(self.zones),
            "LaunchTemplate": template("$Default"),
            "TargetGroupARNs": list(self.arns),
            "Instances": [_instance(row) for row in self.rows.values()],
            "Tags": [{"Key": "fleet", "Value": self.name}],
            **self.extra,
        }


def template(version: str) -> dict[str, str]:
    return {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "Version": version}


def _instance(row: Row) -> dict[str, Any]:
    return {
        "InstanceId": row.id,
        "InstanceType": "t3.micro",
        "AvailabilityZone": row.zone,
        "LifecycleState": row.lifecycle,
        "HealthStatus": row.health,
        "ProtectedFromScaleIn": row.protected,
        "LaunchTemplate": template(str(row.version)),
    }
