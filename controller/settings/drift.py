"""A fleet's `drift`: the words of its platform, each of them a condition that a probe of the same name reads."""

from collections.abc import Iterator

from controller.domain.policy import Cause, Condition
from controller.domain.ports import PlatformSpec
from controller.settings.located import Located
from controller.settings.models import FleetBase
from controller.settings.problems import Problems, did_you_mean, listed, quoted
from controller.settings.specs import Specs

KEY = "drift"


def check_drift(fleet: Located, platform: PlatformSpec, specs: Specs, problems: Problems) -> None:
    """Note words that the platform does not know, or that are there twice; whatever has the wrong type is skipped."""
    seen: set[str] = set()
    for item in words(fleet):
        word = item.value
        if word not in platform.drift:
            known = f"It knows {listed(platform.drift)}." if platform.drift else "It knows none."
            help_ = did_you_mean(word, platform.drift) or f" {known}"
            problems.add(item.spot, f"{quoted(platform.name)} cannot tell a drift of {quoted(word)}.{help_}")
        elif word not in specs.probes:
            problems.add(item.spot, f"{quoted(word)} needs the probe {quoted(word)}, which is not there.")
        elif word in seen:
            problems.add(item.spot, f"{quoted(word)} is there twice.")
        seen.add(word)


def words(fleet: Located) -> Iterator[Located]:
    """The words that a fleet lists, as far as they are words."""
    found = fleet.mapping.get(KEY)
    for item in found.value if found and isinstance(found.value, list) else ():
        if isinstance(item.value, str):
            yield item


def drifted(fleet: FleetBase, specs: Specs) -> Iterator[Condition]:
    """The conditions that the words make; each bears its word as its name."""
    for word in fleet.drift:
        probe = specs.probes[word]
        if probe.threshold is not None:
            yield Condition(word, Cause.DRIFTED, word, probe.threshold, options=probe.options(), unit=probe.unit)
