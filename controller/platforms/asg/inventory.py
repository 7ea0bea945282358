"""The fleet at one moment, in few calls: the groups tell their members; the rest is asked beside them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from controller.clients.aws import Aws
from controller.domain.errors import Gone, PlatformError
from controller.domain.model import Group, Instance, Inventory, Target
from controller.domain.ports import Clock, LoadBalancer
from controller.domain.veto import Veto
from controller.platforms.asg.facts import Facts
from controller.platforms.asg.group import GroupView, Member, is_suspended, parse
from controller.platforms.asg.launch_instances import unqualified
from controller.platforms.asg.options import AsgOptions
from controller.platforms.asg.preflight import Outlook, Preflight
from controller.platforms.asg.tags import Marks, Tags, group_marks, member_marks
from controller.platforms.asg.template import LaunchImage, Templates
from controller.platforms.asg.vetoes import (
    REFRESHING,
    Refresh,
    group_vetoes,
    member_vetoes,
    operator_protected,
    volume_vetoes,
)

MOST_AT_ONCE = 8
"""Requests that one inventory has in the air: EC2's and Auto Scaling's read quotas are shared by a whole account."""


class Inventories:
    """Reads the fleet that the options name."""

    def __init__(
        self,
        aws: Aws,
        options: AsgOptions,
        balancers: LoadBalancer,
        facts: Facts,
        templates: Templates,
        tags: Tags,
        clock: Clock,
    ) -> None:
        self._aws = aws
        self._options = options
        self._balancers = balancers
        self._facts = facts
        self._templates = templates
        self._tags = tags
        self._preflight = Preflight(aws, options.scope, clock)
        self._clock = clock
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def read(self) -> Inventory:
        """Everything that Auto Scaling, EC2 and the target groups say now.

        Raises PlatformError when the groups themselves cannot be read, and Gone when there are none. Whatever else
        cannot be read is a gap, and unknown where it would have been.
        """
        views = await self._views()
        members = [member for view in views for member in view.members]
        arns = list(dict.fromkeys(arn for view in views for arn in view.target_groups))
        unknown, marks, health, launches, refreshes, outlooks = await asyncio.gather(
            self._facts.learn(members),
            self._tags.marks(),
            asyncio.gather(*map(self._health, arns)),
            asyncio.gather(*map(self._launch_image, views)),
            asyncio.gather(*map(self._refresh, views)),
            asyncio.gather(*map(self._outlook, views)),
        )
        targets = dict(zip(arns, health, strict=True))
        unread = [
            f"{arn} could not be read: {answer}" for arn, answer in targets.items() if isinstance(answer, PlatformError)
        ]
        gaps = [*unknown, *unread, *(gap for launch in launches for gap in launch.gaps)]
        gaps += [gap for outlook in outlooks for gap in outlook.gaps]
        gaps += [gap for gap in (marks.gap, *(refresh.gap for refresh in refreshes)) if gap]
        return Inventory(
            read_at=self._clock.now(),
            groups=tuple(map(self._group, views, launches, refreshes, outlooks)),
            instances=tuple(self._instance(view, member, targets, marks) for view in views for member in view.members),
            scope=_scope(views[0], self._options),
            gaps=tuple(gaps),
        )

    async def _views(self) -> tuple[GroupView, ...]:
        asked: dict[str, Any] = {"AutoScalingGroupNames": [self._options.name]}
        if self._options.tags is not None:
            tags = sorted(self._options.tags.items())
            asked = {"Filters": [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags]}
        call = "DescribeAutoScalingGroups"
        pages = self._aws.pages(self._options.scope, "autoscaling", call, **asked)
        views = [parse(document) async for page in pages for document in page["AutoScalingGroups"]]
        if not views:
            where = f" in {self._options.region}" if self._options.region else ""
            message = f"there is no Auto Scaling group {self._options.wanted}{where}"
            raise Gone(message, call=f"autoscaling.{call}", code="no_such_group")
        return tuple(sorted(views, key=lambda view: view.name))

    async def _health(self, arn: str) -> Mapping[str, Target] | PlatformError:
        async with self._room:
            try:
                return await self._balancers.targets(arn, ())
            except PlatformError as error:
                return error

    async def _launch_image(self, view: GroupView) -> LaunchImage:
        async with self._room:
            return await self._templates.launch_image(view)

    async def _refresh(self, view: GroupView) -> Refresh:
        """Whether an instance refresh is active. There is at most one, and it is among the newest."""
        async with self._room:
            try:
                answer = await self._aws.read(
                    self._options.scope,
                    "autoscaling",
                    "DescribeInstanceRefreshes",
                    AutoScalingGroupName=view.name,
                    MaxRecords=10,
                )
            except PlatformError as error:
                return Refresh(gap=f"whether {view.name} has an active instance refresh could not be read: {error}")
        statuses = (refresh.get("Status") for refresh in answer["InstanceRefreshes"])
        return Refresh(active=next((status for status in statuses if status in REFRESHING), None))

    async def _outlook(self, view: GroupView) -> Outlook:
        async with self._room:
            return await self._preflight.outlook(view.name)

    def _group(self, view: GroupView, launch: LaunchImage, refresh: Refresh, outlook: Outlook) -> Group:
        chooses_zone = self._options.chooses_zone
        cannot = unqualified(view) if chooses_zone else ()
        vetoes = (*group_vetoes(view, refresh), *group_marks(view), *cannot, *outlook.vetoes)
        return _group(view, launch, vetoes, any_zone=chooses_zone or is_suspended(view, "AZRebalance"))

    def _instance(
        self, view: GroupView, member: Member, targets: Mapping[str, Mapping[str, Target] | PlatformError], marks: Marks
    ) -> Instance:
        known = self._facts.known(member)
        birth = known.birth
        return Instance(
            id=member.id,
            group=view.name,
            zone=member.zone,
            state=member.state,
            image=known.image,
            launched_at=birth.launched_at if birth else None,
            healthy=member.healthy,
            targets=tuple(_target(arn, targets[arn], member.id) for arn in view.target_groups),
            names=birth.names if birth else (),
            vetoes=(
                *member_vetoes(view, member),
                *member_marks(member.id, marks),
                *volume_vetoes(member.id, known.lasting),
            ),
            attributes=dict(_attributes(view, member, birth.private_dns if birth else "")),
        )


def _target(arn: str, answer: Mapping[str, Target] | PlatformError, instance_id: str) -> Target:
    if isinstance(answer, PlatformError):
        return Target(arn, "unknown", str(answer))
    return answer.get(instance_id) or Target(arn, "unused", "not registered")


def _attributes(view: GroupView, member: Member, private_dns: str) -> Iterable[tuple[str, str]]:
    """What is known and not empty; the keys are part of the contract with rules and traces."""
    template = member.template
    pairs = {
        "lifecycle": member.lifecycle,
        "instance_type": member.instance_type,
        "private_dns": private_dns,
        "launch_template_id": template.id if template else "",
        "launch_template_version": template.version if template else "",
        "launch_configuration": member.configuration,
        "scale_in_protected": "true" if operator_protected(view, member) else "",
    }
    return ((key, value) for key, value in pairs.items() if value)


def _group(view: GroupView, launch: LaunchImage, vetoes: tuple[Veto, ...], *, any_zone: bool) -> Group:
    template = view.template
    attributes = {
        "arn": view.arn,
        "launch_template_id": template.id if template else "",
        "launch_template_version": launch.version,
        "any_zone": "true" if any_zone else "",
    }
    return Group(
        name=view.name,
        desired=view.desired,
        minimum=view.minimum,
        maximum=view.maximum,
        launch_image=launch.image,
        balancers=view.target_groups,
        vetoes=vetoes,
        attributes={key: value for key, value in attributes.items() if value},
    )


def _scope(view: GroupView, options: AsgOptions) -> dict[str, str]:
    """The standard resource attributes of a fleet on EC2. Region and account are told by the group's ARN
    (arn:aws:autoscaling:REGION:ACCOUNT:autoScalingGroup:...)."""
    _, region, account = (view.arn.split(":") + [""] * 5)[2:5]
    attributes = {
        "cloud.provider": "aws",
        "cloud.platform": "aws_ec2",
        "cloud.region": region or options.region or "",
        "cloud.account.id": account,
        "repave.aws.role_arn": options.role_arn or "",
    }
    return {key: value for key, value in attributes.items() if value}
