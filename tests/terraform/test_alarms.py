"""The alarms of deploy/terraform count what the daemon logs: a field that they ask for is in its lines, and true when
it should be. How CloudWatch reads a pattern is its own; `$.name IS TRUE` is played here by what its documentation says.
"""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.domain.errors import PlatformError
from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.loop import Tick
from controller.record.logs import set_up_logs
from tests.app.test_daemon import Fleet, Stage
from tests.house.project import ROOT
from tests.support.virtual import START, VirtualClock, run

ALARMS = (ROOT / "deploy" / "terraform" / "alarms.tf").read_text(encoding="utf-8")
FIELDS = dict(re.findall(r'^    (\w+) += "\{ \$\.(\w+) IS TRUE \}"$', ALARMS, re.MULTILINE))
"""metric: the field whose truth is counted."""

LOOKED = Tick("web", "3 instances: 3 healthy", START)


def stopped_by(hold: Mapping[str, str] | None, *breakers: Mapping[str, str]) -> Tick:
    report = {"hold": hold, "breakers": list(breakers), "instances": []}
    return replace(LOOKED, record=TickRecord("web", START, "3 instances", Memory(), report))


def lines(play: Tick | Exception) -> list[dict[str, Any]]:
    """What a daemon logs that looks once."""
    stream = io.StringIO()

    async def main(clock: VirtualClock) -> None:
        set_up_logs(clock, stream)
        await Stage(clock).run_for(1, clock, web=Fleet(clock, [play]))

    run(main)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


CASES: dict[str, tuple[Tick | Exception, set[str]]] = {
    "a look": (LOOKED, {"Looks"}),
    "a standby": (replace(LOOKED, standby=True, looked=False), set()),
    "a platform that is not seen": (replace(LOOKED, looked=False), set()),
    "a tick that broke": (PlatformError("no answer"), set()),
    "a fault of the whole fleet": (stopped_by({"rule": "fleet_wide_fault", "reason": "3 of 3"}), {"Looks", "Stopped"}),
    "an open breaker": (stopped_by(None, {"cause": "aged"}), {"Looks", "Stopped"}),
    "a person's hold": (stopped_by({"rule": "held", "reason": "release"}), {"Looks"}),
    "mode observe": (stopped_by({"rule": "observe_mode", "reason": "it only looks"}), {"Looks"}),
}


@pytest.mark.parametrize("case", CASES)
def test_an_alarm_counts_the_lines_it_should(case: str) -> None:
    play, counted = CASES[case]
    said = lines(play)
    assert len(said) == 1
    assert {metric for metric, field in FIELDS.items() if said[0].get(field) is True} == counted


def test_both_metrics_are_found_and_the_fleet_is_in_every_line() -> None:
    assert set(FIELDS) == {"Looks", "Stopped"}
    assert 'dimensions = { fleet = "$.fleet" }' in ALARMS
    assert [line["fleet"] for line in lines(LOOKED)] == ["web"]
