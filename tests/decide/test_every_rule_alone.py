"""For every rule there is a world in which that rule alone stands between an instance and its replacement: with all
rules it waits for that one, and without that one it starts. A rule that could be dropped unseen has no place here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.domain.lifecycle import Outcome, Phase
from controller.domain.memory import Streak, StreakKind
from controller.domain.model import Breaker, Hold, Instance, Signal, Snapshot, Unknown
from controller.domain.past import History
from controller.domain.policy import Amount, Limits, Mode, Policy, Window
from controller.domain.replacement import Replacement
from controller.domain.verdict import Plan
from tests.simulation.daemon import RULES
from tests.support.builders import (
    ERRORS,
    IMAGE_AGE,
    NOW,
    all_fine,
    group,
    image,
    instance,
    instances,
    later,
    past,
    policy,
    replacement,
    signal,
    snapshot,
    veto,
)

AT_ONCE = replace(ERRORS, for_seconds=0.0)
SICK = signal(9.0)
OLD = signal(90 * 86400.0, unit="s")
ROOMY = Limits(max_in_flight=Amount(count=9))


@dataclass(frozen=True)
class Case:
    """A fleet of twelve, two in each zone, in which i-1 is sick. Each case says what else there is.

    member: what is odd about i-1. readings: by (instance, condition).
    """

    member: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    readings: Mapping[tuple[str, str], Signal | Unknown] = field(default_factory=lambda: {("i-1", "errors"): SICK})
    group: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)

    def world(self) -> tuple[Snapshot, Policy]:
        members: list[Instance] = []
        for number, one in enumerate(instances(12)):
            odd = {**self.members.get(one.id, {}), **(self.member if one.id == "i-1" else {})}
            members.append(replace(one, **{"zone": f"zone-{number % 6}"} | odd))
        members += [instance(item.successor, zone=item.zone) for item in self.opened if item.successor]
        whole = [replace(group(desired=len(members)), **self.group)]
        readings = {**all_fine(members), **self.readings}
        return snapshot(members, whole, signals=readings, **self.seen), policy(AT_ONCE, IMAGE_AGE, **self.policy)

    @property
    def opened(self) -> tuple[Replacement, ...]:
        found: tuple[Replacement, ...] = self.seen.get("open_replacements", ())
        return found


AGED: Mapping[tuple[str, str], Signal | Unknown] = {("i-1", "max_image_age"): OLD}
PROVEN = tuple(past(f"r-{number}", predecessor=f"x-{number}") for number in range(9))
FAILED = past("r-9", predecessor="i-1", outcome=Outcome.FAILED, successor=None, image_id="ami-other")
SET_ASIDE = tuple(past(f"r-{number}", predecessor="i-9", outcome=Outcome.FAILED) for number in (1, 2))


def under_way(zone: str = "zone-5", image_id: str = "ami-new") -> Replacement:
    """Of i-6, elsewhere, unless told otherwise."""
    return replace(replacement("r-1", Phase.VERIFYING, image_id=image_id), predecessor="i-6", zone=zone)


def many_sick(*names: str) -> dict[tuple[str, str], Signal | Unknown]:
    return {(name, "errors"): SICK for name in names}


CASES: Mapping[str, Case] = {
    "awaiting_approval": Case(policy={"mode": Mode.ASK}),
    "breaker": Case(seen={"breakers": (Breaker("web", "errors", "no better", NOW),)}),
    "canary": Case(seen={"open_replacements": (under_way(),)}, policy={"limits": ROOMY}),
    "cohort_moved": Case(
        members={name: {"zone": "zone-b"} for name in ("i-1", "i-2", "i-3")},
        readings=many_sick("i-1", "i-2", "i-3"),
    ),
    "cooldown": Case(seen={"history": History(past=(FAILED,))}),
    "exclusive": Case(member={"vetoes": (veto("exclusive"),)}),
    "fleet_wide_fault": Case(readings=many_sick("i-1", "i-2", "i-3", "i-4")),
    "held": Case(seen={"holds": (Hold("fleet:web", "lunch", "ann", NOW),)}),
    "hold_while": Case(seen={"guards": {"errors": SICK}}, policy={"guards": (AT_ONCE,)}),
    "image_set_aside": Case(seen={"history": History(past=SET_ASIDE)}),
    "journal_lost": Case(seen={"journal_lost_since": later(-60)}),
    "managed_elsewhere": Case(group={"vetoes": (veto("managed_elsewhere"),)}),
    "max_in_flight": Case(seen={"open_replacements": (under_way(image_id="ami-other"),)}),
    "no_capacity": Case(group={"maximum": 12}),
    "no_fresher_image": Case(readings=AGED, member={"image": image("ami-old", 90)}, group={"launch_image": None}),
    "observe_mode": Case(policy={"mode": Mode.OBSERVE}),
    "own_host": Case(seen={"own_instances": frozenset({"i-1"})}),
    "platform_busy": Case(group={"vetoes": (veto("platform_busy"),)}),
    "platform_replacing": Case(member={"vetoes": (veto("platform_replacing"),)}),
    "protected": Case(member={"vetoes": (veto("protected"),)}),
    "replacements_per_hour": Case(seen={"history": History(accepted_at=tuple(later(-n) for n in (40, 30, 20, 10)))}),
    "source_quiet": Case(readings=many_sick("i-1") | {(f"i-{n}", "errors"): Unknown("no row") for n in (4, 5, 6)}),
    "stateful": Case(member={"vetoes": (veto("stateful"),)}),
    "stop_after_failures": Case(seen={"history": History(failures_in_a_row=3)}),
    "unsupported_group": Case(group={"vetoes": (veto("unsupported_group"),)}),
    "warming_up": Case(readings=AGED, member={"image": image("ami-old", 90), "launched_at": later(-60)}),
    "window": Case(
        readings=AGED,
        member={"image": image("ami-old", 90)},
        policy={"windows": (Window("0 9 * * sun", 3600.0, "Europe/Paris"),)},
    ),
    "zone": Case(
        seen={"open_replacements": (under_way("zone-0"),), "history": History(past=PROVEN)}, policy={"limits": ROOMY}
    ),
}
ELSEWHERE = {
    "blind": "nobody blind starts with or without its rule: test_plan, and test_the_blind below",
    "capacity_floor": "it never forbids a start: test_waits",
}


def decided(case: Case, without: str = "") -> Plan:
    seen, by = case.world()
    return plan(seen, judge(seen, by), by, [rule for rule in RULES if rule.name != without])


def held_by(found: Plan) -> set[str]:
    return {item.rule for held in found.holds if held.candidate.instance.id == "i-1" for item in held.vetoes}


def test_without_anything_odd_it_starts() -> None:
    assert [item.instance.id for item in decided(Case()).starts] == ["i-1"]


def test_every_rule_has_its_case() -> None:
    assert sorted([*CASES, *ELSEWHERE]) == sorted(rule.name for rule in RULES)


@pytest.mark.parametrize("name", CASES)
def test_the_rule_alone_stands_in_the_way(name: str) -> None:
    assert held_by(decided(CASES[name])) == {name}
    assert "i-1" in [item.instance.id for item in decided(CASES[name], without=name).starts]


def test_the_blind_are_held_and_their_rule_says_why() -> None:
    silence = Streak(StreakKind.UNKNOWN, later(-900), later(-30), 30)
    seen, by = Case(readings={("i-1", "errors"): Unknown("no row")}).world()
    seen = replace(seen, memory=replace(seen.memory, streaks={("i-1", "errors"): silence}, written_at=later(-30)))
    judged = judge(seen, by)
    assert held_by(plan(seen, judged, by, RULES)) == {"blind"}
    silent = plan(seen, judged, by, [rule for rule in RULES if rule.name != "blind"])
    assert (silent.starts, held_by(silent)) == ((), set())
