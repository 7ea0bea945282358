"""What people and other programs do to a group: a part of `/_world/events`."""

from typing import Literal

from controller.demo.scenario import Model
from controller.demo.world.members import WorldGroup
from controller.demo.world.scaling import WorldAutoScaling


class SetTemplate(Model):
    """Somebody releases: another version of the launch template is what `$Default` means from now on."""

    kind: Literal["template"]
    group: str
    default_version: int


class SetTag(Model):
    """Somebody tags a group, or with `instance` one of its members; None takes the tag away."""

    kind: Literal["tag"]
    group: str
    instance: str | None = None
    key: str
    value: str | None


class Suspend(Model):
    """Somebody suspends one of a group's processes (`Launch`, `Terminate` ...), or lets it go on."""

    kind: Literal["suspend"]
    group: str
    process: str
    suspended: bool = True


GroupEvent = SetTemplate | SetTag | Suspend


def change_group(scaling: WorldAutoScaling, event: GroupEvent) -> None:
    """Let it happen. Raises ValueError when there is no such version, and what moto raises for an unknown name."""
    group = scaling.group_named(event.group)
    match event:
        case SetTemplate():
            template = group.ec2_launch_template
            if template is None or event.default_version not in range(1, len(template.versions) + 1):
                raise ValueError(f"{event.group} has no version {event.default_version} of a launch template")
            template.default_version_number = event.default_version
        case SetTag():
            _tag(scaling, group, event)
        case Suspend(suspended=True):
            scaling.suspend_processes(group.name, [event.process])
        case Suspend():
            scaling.resume_processes(group.name, [event.process])


def _tag(scaling: WorldAutoScaling, group: WorldGroup, event: SetTag) -> None:
    if event.instance is not None:
        ids = [scaling.member(event.instance).instance_id]
        if event.value is None:
            scaling.ec2_backend.delete_tags(ids, {event.key: None})  # type: ignore[dict-item] # None is any value
        else:
            scaling.ec2_backend.create_tags(ids, {event.key: event.value})
        return
    kept = [tag for tag in group.tags if tag["Key"] != event.key]
    about = {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": "false"}
    group.tags = kept if event.value is None else [*kept, {**about, "Key": event.key, "Value": event.value}]
