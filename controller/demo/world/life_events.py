"""What a test can let happen to the life of one instance: an interruption, a hook's end, a person's protection."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from controller.demo.scenario import Model
from controller.demo.world.scaling import WorldAutoScaling


class Interrupt(Model):
    """EC2 takes a Spot instance back, after its notice."""

    kind: Literal["interrupt"]
    instance: str
    notice_seconds: float = Field(default=120, ge=0)


class CompleteHook(Model):
    """Complete the lifecycle hook that an instance waits for."""

    kind: Literal["hook"]
    instance: str
    result: Literal["CONTINUE", "ABANDON"]


class Protect(Model):
    """A person protects an instance from scale-in, or ends that."""

    kind: Literal["protect"]
    instance: str
    protected: bool


LifeEvent = Interrupt | CompleteHook | Protect


def change_life(scaling: WorldAutoScaling, event: LifeEvent) -> None:
    """Let it happen. Raises ValueError when there is no hook to complete."""
    member, conditions = scaling.member(event.instance), scaling.conditions
    if isinstance(event, Interrupt):
        over_at = conditions.time.now() + timedelta(seconds=event.notice_seconds)
        conditions.interruptions[member.instance_id] = over_at
    elif isinstance(event, Protect):
        member.protected_from_scale_in = event.protected
    elif not scaling.hooks.complete(member, event.result):
        raise ValueError(f"{event.instance} waits for no lifecycle hook")
