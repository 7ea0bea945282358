"""The calls that realise steps on a group: fresh reads, and the three mutations of capacity and protection."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import Gone, PlatformError, Transient
from controller.domain.model import Target
from controller.domain.ports import LoadBalancer, Work
from controller.domain.replacement import Call
from controller.platforms.asg.audit import termination_by
from controller.platforms.asg.claims import (
    PROTECT,
    SET,
    TERMINATE,
    Evidence,
    claimed_by_others,
    termination_evidence,
)
from controller.platforms.asg.group import GroupView, Member, parse
from controller.platforms.asg.ledger import SETTLING, Ledger

Health = Mapping[str, Mapping[str, Target]]
"""What each target group says of each registered instance, by ARN and instance id."""


class Gateway:
    """Reads and changes groups in one account and region.

    Reading a desired capacity and writing it back is one critical section per group: hold the ledger's lock around it.
    """

    def __init__(self, aws: Aws, scope: AwsScope, balancers: LoadBalancer, ledger: Ledger) -> None:
        self._aws = aws
        self._scope = scope
        self.balancers = balancers
        self.ledger = ledger

    async def group(self, name: str) -> GroupView:
        """The group as it is now. Raises Gone when it has been missing for a while: an answer may be an empty page,
        and a surge would be left behind for it."""
        answer = await self._aws.read(
            self._scope, "autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[name]
        )
        for document in answer["AutoScalingGroups"]:
            if document["AutoScalingGroupName"] == name:
                self.ledger.seen(name)
                return parse(document)
        if not self.ledger.missed(name):
            words = f"the Auto Scaling group {name} is not in the answer; it may be in the next"
            raise Transient(words, call="DescribeAutoScalingGroups", code="absent")
        raise Gone(f"the Auto Scaling group {name} does not exist (any more)", call="DescribeAutoScalingGroups")

    async def health(self, view: GroupView) -> Health:
        """What every target group of the group says now."""
        return {arn: await self.balancers.targets(arn, ()) for arn in view.target_groups}

    async def serving(self, view: GroupView) -> frozenset[str]:
        """Who is in service, and healthy for the group and for every target group."""
        return serving(view, await self.health(view))

    async def activities(self, group: str, since: datetime) -> Sequence[Mapping[str, Any]]:
        """The group's scaling activities since then, newest first; none when they cannot be read."""
        try:
            answer = await self._aws.read(
                self._scope, "autoscaling", "DescribeScalingActivities", AutoScalingGroupName=group, MaxRecords=100
            )
        except PlatformError:
            return ()
        # AWS's clock is not ours, and a mutation may be logged a moment before its answer.
        return [activity for activity in answer["Activities"] if activity["StartTime"] >= since - SETTLING]

    async def ended(self, call: Call | None, view: GroupView) -> Evidence:
        """Whether a termination with decrement took effect."""
        evidence = termination_evidence(call, view)
        if evidence is not Evidence.AMBIGUOUS or call is None:
            return evidence
        return termination_by(await self.activities(view.name, call.called_at), call)

    def claimed(self, work: Work, view: GroupView) -> frozenset[str]:
        """Who belongs to other replacements of this group, by the journal or by a claim of this process."""
        return claimed_by_others(work) | self.ledger.claimed_by_others(view, work.replacement.id)

    async def set_desired(self, work: Work, view: GroupView, desired: int, **intent: Any) -> None:
        """Set the desired capacity from what a fresh read said. `intent` is what recovery needs besides."""
        arguments = {"group": view.name, "desired": desired, "was": view.desired, **intent}

        async def perform() -> None:
            await self._aws.mutate(
                self._scope,
                "autoscaling",
                "SetDesiredCapacity",
                AutoScalingGroupName=view.name,
                DesiredCapacity=desired,
                HonorCooldown=False,
            )

        await work.mutate(SET, arguments, perform)
        self.ledger.expect(view.name, desired, work.now)

    async def terminate(self, work: Work, view: GroupView, instance_id: str) -> None:
        """Terminate one member together with its place in the desired capacity."""
        arguments = {"group": view.name, "instance": instance_id, "decrement": True, "desired": view.desired}

        async def perform() -> None:
            await self._aws.mutate(
                self._scope,
                "autoscaling",
                "TerminateInstanceInAutoScalingGroup",
                InstanceId=instance_id,
                ShouldDecrementDesiredCapacity=True,
            )

        await work.mutate(TERMINATE, arguments, perform)
        self.ledger.expect(view.name, view.desired - 1, work.now)

    async def protect(self, work: Work, group: str, instance_id: str, *, protected: bool) -> None:
        """Protect a member from scale-in, or end that."""

        async def perform() -> None:
            await self._aws.mutate(
                self._scope,
                "autoscaling",
                "SetInstanceProtection",
                AutoScalingGroupName=group,
                InstanceIds=[instance_id],
                ProtectedFromScaleIn=protected,
            )

        await work.mutate(PROTECT, {"group": group, "instance": instance_id, "protected": protected}, perform)

    async def unprotect(self, work: Work, member: Member | None, group: str) -> None:
        """End the protection of a successor, if it was ours: protected by this replacement, and still protected."""
        if member is None or member.leaving or not member.protected:
            return
        ours = [call for call in work.replacement.calls_of(PROTECT) if call.arguments["instance"] == member.id]
        if any(call.arguments["protected"] and call.outcome != "failed" for call in ours):
            await self.protect(work, group, member.id, protected=False)


def serving(view: GroupView, health: Health) -> frozenset[str]:
    """Who is in service, and healthy for the group and for every target group. What is not known is not serving."""
    return frozenset(
        member.id
        for member in view.members
        if member.in_service and all(is_healthy(health[arn], member.id) for arn in view.target_groups)
    )


def is_healthy(targets: Mapping[str, Target], instance_id: str) -> bool:
    """Whether a target group has this instance registered and calls it healthy."""
    target = targets.get(instance_id)
    return target is not None and target.state == "healthy"
