"""Lifecycle hooks: a member waits in `Pending:Wait` or `Terminating:Wait` until somebody completes the hook or its
heartbeat runs out, and then goes on or is given up.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from moto.autoscaling.models import LifecycleHook

from controller.demo.world.conditions import Conditions
from controller.demo.world.members import PENDING, TERMINATING, Member, WorldGroup

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING_HOOK = "autoscaling:EC2_INSTANCE_TERMINATING"
CONTINUE, ABANDON = "CONTINUE", "ABANDON"


class Hooks:
    """The hooks of a region. find: the hooks of a group, by its name. Used under the world's lock."""

    def __init__(self, conditions: Conditions, find: Callable[[str], list[LifecycleHook]]) -> None:
        self._conditions = conditions
        self._find = find

    def let_in(self, group: WorldGroup, member: Member, now: datetime) -> bool | None:
        """Whether a booted member may be put into service: True, False when it was given up, None while it waits."""
        return self._pass(group, member, LAUNCHING, PENDING, now)

    def let_go(self, group: WorldGroup, member: Member, now: datetime) -> bool | None:
        """Whether a drained member may be shut down. A hook never keeps one for good: given up is gone, too."""
        return self._pass(group, member, TERMINATING_HOOK, TERMINATING, now)

    def complete(self, member: Member, result: str) -> bool:
        """Complete the hook that this member waits for; False when it waits for none."""
        if member.hook_ends_at is None:
            return False
        member.hook_result = result
        return True

    def _pass(self, group: WorldGroup, member: Member, transition: str, word: str, now: datetime) -> bool | None:
        hook = next((one for one in self._find(group.name) if one.lifecycle_transition == transition), None)
        if hook is None:
            return True
        if member.hook_ends_at is None:
            member.lifecycle_state = f"{word}:Wait"
            member.hook_ends_at = now + timedelta(seconds=float(hook.heartbeat_timeout))
            self._conditions.emit("hook_waits", group=group.name, instance=member.instance_id, hook=hook.name)
            return None
        result = member.hook_result or (str(hook.default_result) if now >= member.hook_ends_at else None)
        if result is None:
            return None
        member.hook_ends_at = member.hook_result = None
        self._conditions.emit("hook_ended", group=group.name, instance=member.instance_id, result=result)
        return result == CONTINUE
