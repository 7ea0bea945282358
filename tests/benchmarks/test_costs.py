"""What the core costs. Prints medians; asserts only how they grow, measured in the same run and with margin."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from controller.decide.explain import explain, refusals
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.domain.model import Reading, Signal, Snapshot
from controller.domain.policy import Above, Cause, Condition, Policy
from controller.domain.ports import TickRecord
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.record.trace import TraceProjector
from tests.record.stories import replaced
from tests.simulation.daemon import RULES
from tests.support import builders as make

ROUNDS = 7


def median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = perf_counter()
        work()
        times.append((perf_counter() - began) * 1000)
    return median(times)


def fleet_of(size: int) -> Snapshot:
    """One in ten has an aged image."""
    members = tuple(
        make.instance(f"i-{n}", image=make.image(age_days=90 if n % 10 == 0 else 5)) for n in range(1, size + 1)
    )
    ages = {
        (one.id, "max_image_age"): make.signal(90 * 86400.0 if n % 10 == 9 else 5.0) for n, one in enumerate(members)
    }
    return make.snapshot(members, signals=make.all_fine(members) | ages)


def decide(seen: Snapshot) -> object:
    by = make.policy()
    judgement = judge(seen, by)
    return explain(seen, judgement, plan(seen, judgement, by, RULES), by)


def test_deciding_grows_with_the_fleet_and_not_with_its_square() -> None:
    small, large = fleet_of(250), fleet_of(2000)
    took_small, took_large = median_ms(lambda: decide(small)), median_ms(lambda: decide(large))
    print(f"\ndecide: {took_small:.1f} ms for 250 instances, {took_large:.1f} ms for 2,000 (8 times as many)")
    assert took_large < 8 * took_small * 3


def watched(size: int, value: float, points: int = 60) -> tuple[Snapshot, Policy]:
    """Five rules over an hour, read from sources with history."""
    rules = [Condition(f"r{n}", Cause.DEGRADED, "m", Above(90.0), for_seconds=3600.0, history=True) for n in range(5)]
    readings = tuple(Reading(value, make.later(-3600 * age / (points - 1))) for age in reversed(range(points)))
    known = Signal(readings, "disk used", "%", period_seconds=60.0)
    members = make.instances(size)
    signals = {(member.id, rule.name): known for member in members for rule in rules}
    return make.snapshot(members, signals=signals), make.policy(*rules)


@pytest.mark.parametrize(("value", "said"), [(10.0, "fine"), (95.0, "breached")])
def test_judging_by_history_grows_with_its_readings(value: float, said: str) -> None:
    few, many = watched(200, value), watched(200, value, points=600)
    took_few, took_many = median_ms(lambda: judge(*few)), median_ms(lambda: judge(*many))
    print(
        f"\njudge, all {said}, 5 rules: {took_few / 200:.3f} ms per instance with 60 readings, "
        f"{took_many / 200:.3f} ms with 600"
    )
    assert took_many < 10 * took_few * 3


@pytest.mark.parametrize("where", ["memory", "file"])
async def test_recording_a_tick(where: str, tmp_path: Path) -> None:
    url = "sqlite:///:memory:" if where == "memory" else f"sqlite:///{tmp_path / 'repave.db'}"
    book, seen, by = JournalAdapter(SqlJournal.open(url, None)), fleet_of(500), make.policy()
    lease = await book.acquire("web", "bench", 3600.0, make.NOW)
    assert lease is not None
    judgement = judge(seen, by)
    decided = plan(seen, judgement, by, RULES)
    report = explain(seen, judgement, decided, by)
    record = TickRecord("web", make.NOW, "500 instances", judgement.memory, report, refusals(seen, decided, report))
    times = []
    for _ in range(ROUNDS):
        began = perf_counter()
        await book.record_tick(record, lease)
        times.append((perf_counter() - began) * 1000)
    print(
        f"\nrecord_tick, 500 instances, {where}: {median(times):.1f} ms; report {len(json.dumps(report)) // 1024} KiB"
    )
    assert [one.sentence for one in await book.reports()] == ["500 instances"]


def test_projecting_a_story() -> None:
    projector, events = TraceProjector({"service.name": "repave"}), replaced()
    took = median_ms(lambda: projector.replacement((), events))
    spans = projector.replacement((), events)
    print(f"\nproject: {took:.2f} ms for a whole replacement of {len(spans)} spans")
    assert len({span.key for span in spans}) == len(spans)
