"""What is kept of an engine's events, within bounds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from controller.clients.docker_record import (
    LONGEST_COMMAND,
    MOST_COMMANDS,
    MOST_CONTAINERS,
    MOST_GAPS,
    MOST_KNOWN,
    EngineEvent,
    Record,
    event_of,
)

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
NANOSECONDS = count(int(START.timestamp()) * 10**9)


def ran(command: str, container: str = "c" * 64) -> EngineEvent:
    return EngineEvent("container", "exec_create", command, container, next(NANOSECONDS))


def test_an_event_is_read_as_engines_tell_it() -> None:
    told = {
        "status": "exec_create: /bin/sh -c echo a: b",
        "Type": "container",
        "Action": "exec_create: /bin/sh -c echo a: b",
        "Actor": {"ID": "d0a0", "Attributes": {"name": "web-1", "fleet": "edge"}},
        "time": 1795905809,
        "timeNano": 1795905809375290347,
    }
    event = event_of(told)
    assert (event.kind, event.action, event.detail, event.id) == (
        "container",
        "exec_create",
        "/bin/sh -c echo a: b",
        "d0a0",
    )
    assert event.attributes == {"name": "web-1", "fleet": "edge"}
    assert (event.since, event.at.year) == ("1795905809.375290347", 2026)
    assert replace(event, nanoseconds=5 * 10**9 + 7).since == "5.000000007"


def test_an_event_is_kept_once() -> None:
    record, event = Record(), ran("id")
    assert [record.add(event) for _ in range(3)] == [True, False, False]
    assert record.execs("c" * 12)[0].created == 1


def test_what_is_kept_does_not_grow_for_ever() -> None:
    record = Record()
    for number in range(2 * MOST_KNOWN):
        record.add(ran("id", f"{number:012}" + "0" * 52))
    for number in range(10 * MOST_COMMANDS):
        record.add(ran(f"command {number}"))
    record.add(ran("x" * 10_000, "long"))
    for number in range(MOST_CONTAINERS + 1):
        record.add(ran("id", f"again-{number:06}" + "0" * 52))
    assert len(record._known) == MOST_KNOWN
    assert len(record._execs) == MOST_CONTAINERS
    assert record.execs("again-000000") == (), "who was heard of last is kept"
    assert len(record.execs(f"again-{MOST_CONTAINERS:06}")) == 1


def test_of_many_commands_the_newest_are_kept_and_a_long_one_is_cut() -> None:
    record = Record()
    for number in range(10 * MOST_COMMANDS):
        record.add(ran(f"command {number}"))
    kept = record.execs("c" * 64)
    assert len(kept) == MOST_COMMANDS
    assert kept[-1].command == f"command {10 * MOST_COMMANDS - 1}"
    record.add(ran("x" * 10_000, "l" * 64))
    assert len(record.execs("l" * 64)[0].command) == LONGEST_COMMAND


def test_gaps_are_kept_newest_last() -> None:
    record = Record()
    record.breaks(START, "too early to be one")
    assert not record.gaps
    record.watched_from = START
    for number in range(2 * MOST_GAPS):
        at = START + timedelta(minutes=number)
        record.breaks(at, f"break {number}")
        record.breaks(at + timedelta(seconds=9), "the same break, noticed again")
        record.lost(at + timedelta(seconds=10))
    assert len(record.gaps) == MOST_GAPS
    last = record.gaps[-1]
    assert (last.reason, last.from_at) == (f"break {2 * MOST_GAPS - 1}", START + timedelta(minutes=2 * MOST_GAPS - 1))
    record.breaks(last.from_at + timedelta(hours=1), "bridged in the end")
    assert record.is_broken
    record.bridged()
    assert record.gaps[-1] == last
    assert not record.is_broken
