"""What an engine tells of a fleet's members that is worth a look at once."""

from collections.abc import Callable, Iterable, Mapping

from controller.clients.docker import Engine
from controller.clients.docker_record import EngineEvent

WORTH_A_LOOK = {("die", ""), ("oom", ""), ("destroy", ""), ("start", ""), ("health_status", "unhealthy")}
"""Action and detail. What a container's own health check runs is told all the time, and is not among them."""


def told_of_members(engines: Iterable[Engine], label: str, wake: Callable[[], None]) -> Callable[[], None]:
    """Call `wake` for each such event of a container with this label, on any of the engines; what it returns ends that.
    label: KEY or KEY=VALUE."""

    def hear(event: EngineEvent) -> None:
        if (event.action, event.detail) in WORTH_A_LOOK and bears(event.attributes, label):
            wake()

    ends = [engine.events.on_change(hear) for engine in engines]

    def end() -> None:
        for one in ends:
            one()

    return end


def bears(labels: Mapping[str, str], label: str) -> bool:
    """Whether a container has this label, KEY or KEY=VALUE."""
    key, has_value, value = label.partition("=")
    return key in labels and (not has_value or labels[key] == value)
