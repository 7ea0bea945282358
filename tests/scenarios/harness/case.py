"""A scenario on disk: `world.yaml`, read strictly; `config.yaml`, which is any user's; `expected.txt`, the golden."""

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from ruamel.yaml import YAML

from controller.demo.scenario import GroupSpec, Model, Scenario, Timings
from controller.settings.values import read_duration
from tests.support.virtual import START

CASES = Path(__file__).parent.parent / "cases"

ON_AN_ENGINE = {"exclusive": ("tests.docker.test_left_alone", "test_exclusive")}
"""Vetoes that the embedded AWS has no reason for: module and name of the test that shows each, with its rule and
without it, from the configuration to the plan on a real Docker engine."""

Seconds = Annotated[float, BeforeValidator(lambda value: read_duration(value) if isinstance(value, str) else value)]

UNHURRIED = Timings(
    react_seconds=5,
    boot_seconds=40,
    health_seconds=20,
    drain_seconds=20,
    terminate_seconds=10,
    retry_seconds=60,
    tick_seconds=5,
)
"""How long things take in a story's world: about a tenth of a real account's."""


class Deed(Model):
    """What a person asks for. target: a fleet, `all`, an instance's name or a replacement's id; by: who."""

    target: str
    reason: str = ""
    seconds: Seconds | None = Field(default=None, alias="for")
    by: str = "ann"


class Happening(Model):
    """Something that happens right before everybody looks at that moment: exactly one of the others.

    world: an event of the emulator's control pages, instances by their names in the story. fault: a rule of theirs
    (controller/demo/world/faults.py) that strikes requests from then on. The others are what a person
    does with the commands of these names. journal: why it cannot be reached from then on; empty when it is back.
    note: a remark for whoever reads the report.
    """

    at: Seconds
    world: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None
    hold: Deed | None = None
    resume: Deed | None = None
    approve: Deed | None = None
    abort: Deed | None = None
    replace: Deed | None = None
    journal: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        deeds = [
            name for name in type(self).model_fields if name not in ("at", "note") and getattr(self, name) is not None
        ]
        if len(deeds) != 1:
            raise ValueError(f"a happening is one thing, not {deeds}")
        return self


class Story(Model):
    """`world.yaml`. until: when the story ends; `settled` is when nothing is left to do and nothing more happens.

    groups: as in controller/demo/scenario.py, by name. own_host: the instance that the daemon runs on, if it is one.
    trace: `outline` writes down every span of each replacement, `none` only how it ended.
    """

    story: str
    starts_at: AwareDatetime = START
    seed: int = 1
    timings: dict[str, float] = Field(default_factory=dict)
    groups: dict[str, dict[str, Any]]
    timeline: tuple[Happening, ...] = ()
    until: Seconds | Literal["settled"] = "settled"
    trace: Literal["outline", "none"] = "none"
    own_host: str | None = None

    def scenario(self) -> Scenario:
        """The world that it plays in."""
        groups = tuple(GroupSpec.model_validate({"name": name, **spec}) for name, spec in self.groups.items())
        timings = UNHURRIED.model_copy(update=self.timings)
        return Scenario(seed=self.seed, starts_at=self.starts_at, timings=timings, groups=groups)

    @property
    def begins_at(self) -> datetime:
        """The moment from which the report counts."""
        return self.starts_at


@dataclass(frozen=True, slots=True)
class Case:
    """One folder of `cases`."""

    name: str
    folder: Path

    @property
    def config(self) -> Path:
        """The configuration, as a user would write it."""
        return self.folder / "config.yaml"

    @property
    def expected(self) -> str:
        """The golden report; empty before there is one."""
        path = self.folder / "expected.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def story(self) -> Story:
        """What happens."""
        document = YAML(typ="safe").load((self.folder / "world.yaml").read_text(encoding="utf-8"))
        return Story.model_validate(document)

    def keep(self, report: str) -> None:
        """Make this report the golden one."""
        (self.folder / "expected.txt").write_text(report, encoding="utf-8")


def all_cases() -> list[Case]:
    """Every folder, by name."""
    with os.scandir(CASES) as found:
        return sorted((Case(item.name, Path(item.path)) for item in found if item.is_dir()), key=lambda case: case.name)


def fired(golden: str) -> set[str]:
    """The vetoes that a report tells of."""
    return set(re.findall(r"^ +\[(\w+)\] ", golden, re.MULTILINE))
