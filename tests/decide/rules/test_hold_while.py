from dataclasses import replace

import pytest

from controller.decide.explain import explain
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.decide.rules.hold_while import RULE, check_fleet
from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import Above, Cause, Condition
from controller.domain.veto import Needs, Veto
from tests.support.builders import ERRORS, instances, judgement, later, policy, signal, snapshot

BUSY = Condition("busy", Cause.DEGRADED, "overall", Above(5.0), unit="/s", history=True)
LONG = replace(BUSY, name="long", for_seconds=120.0)


def minutes(*values: float) -> Signal:
    readings = tuple(Reading(value, later(60 * (place - len(values) + 1))) for place, value in enumerate(values))
    return Signal(readings, "sum(load)", "/s", period_seconds=60.0)


def said(known: Signal | Unknown, guard: Condition = BUSY, now: float = 0.0) -> str | None:
    seen = snapshot(instances(2), guards={guard.name: known}, now=later(now))
    veto = check_fleet(seen, judgement(instances(2)), policy(guards=(guard,)))
    assert veto is None or (veto.rule, veto.needs) == ("hold_while", Needs.WORLD)
    return veto.reason if veto else None


def test_while_it_is_so_nothing_starts() -> None:
    assert said(minutes(0.0, 7.25)) == "busy is 7.25 /s (above 5)"
    assert said(minutes(7.25, 5.0)) is None


def test_with_for_it_has_to_have_lasted() -> None:
    assert said(minutes(6.0, 7.0), LONG) is None
    assert said(minutes(6.0, 7.0, 8.0), LONG) == "long is 8 /s (above 5) for 120 s"
    assert said(minutes(6.0, 0.0, 8.0), LONG) is None


@pytest.mark.parametrize(
    ("known", "now", "reason"),
    [
        (Unknown("prometheus did not answer within 20 s"), 0, "prometheus did not answer within 20 s"),
        (minutes(float("nan")), 0, "nan is not a number"),
        (minutes(0.0), 121, "stale: the newest reading is 121 s old, more than two periods of 60 s"),
    ],
)
def test_a_query_that_fails_does_not_say_that_all_is_well(known: Signal | Unknown, now: int, reason: str) -> None:
    assert said(known, now=now) == f"busy cannot be read: {reason}"


def test_one_that_nobody_asked_holds_too() -> None:
    veto = check_fleet(snapshot(), judgement([]), policy(guards=(BUSY,)))
    assert veto == Veto("hold_while", "busy cannot be read: not read", Needs.WORLD)


def test_all_that_hold_are_told() -> None:
    seen = snapshot(guards={"busy": minutes(9.0), "long": Unknown("no row")})
    veto = check_fleet(seen, judgement([]), policy(guards=(BUSY, LONG)))
    assert veto is not None
    assert veto.reason == "busy is 9 /s (above 5); long cannot be read: no row"


def test_a_fleet_without_guards_is_not_held() -> None:
    assert check_fleet(snapshot(), judgement([]), policy()) is None


def test_the_plan_and_its_report_say_what_holds() -> None:
    by = policy(replace(ERRORS, for_seconds=0.0), guards=(BUSY,))
    sick = {("i-1", "errors"): signal(1.0), ("i-2", "errors"): signal(0.0)}
    seen = snapshot(instances(2), signals=sick, guards={"busy": minutes(9.0)})
    judged = judge(seen, by)
    decided = plan(seen, judged, by, [RULE])
    report = explain(seen, judged, decided, by)
    assert decided.starts == ()
    assert report["hold"] == {"rule": "hold_while", "reason": "busy is 9 /s (above 5)"}
    (guard,) = report["guards"]
    assert (guard["rule"], guard["value"], guard["outcome"], guard["found"]) == ("busy", 9.0, "breached", True)
