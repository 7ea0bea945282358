"""What a test can let happen to the life of one instance: an interruption, and the end of a hook's wait."""

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


LifeEvent = Interrupt | CompleteHook


def change_life(scaling: WorldAutoScaling, event: LifeEvent) -> None:
    """Let it happen. Raises ValueError when there is no hook to complete."""
    member, conditions = scaling.member(event.instance), scaling.conditions
    if isinstance(event, Interrupt):
        over_at = conditions.time.now() + timedelta(seconds=event.notice_seconds)
        conditions.interruptions[member.instance_id] = over_at
    elif not scaling.hooks.complete(member, event.result):
        raise ValueError(f"{event.instance} waits for no lifecycle hook")
