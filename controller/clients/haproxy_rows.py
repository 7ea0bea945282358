"""What HAProxy says of the servers of a backend: `show servers state` beside `show stat`, from one process at once.

Both are needed. The state of administration is exact in the first alone (in `show stat`, a server of weight 0 reads
DRAIN, and one that is draining and down reads DOWN); sessions, queue, and the `rise` and `fall` of checks are in the
second alone. Management Guide, 9.1 "CSV format" and 9.3 "show servers state".
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

MAINT = 0x01 | 0x02 | 0x20
"""Of srv_admin_state: in maintenance, forced, inherited, or for want of an address. That its file said `disabled`
(0x04) stays set when that has long been undone; while it holds, 0x01 is set too."""
DRAIN = 0x08 | 0x10
"""Forced or inherited."""
RUNNING = (1, 2)
"""Of srv_op_state: warming up, and fully up. A server that soft-stops (3) takes no new sessions."""
CHECK_CONFIGURED, CHECK_ENABLED = 0x02, 0x04
"""Of srv_check_state."""
NEVER_CHECKED = ("0", "1")
"""Of srv_check_status: unknown, initializing. The result is of no use for this: it is unknown during every check."""
PASSED = "3"
"""Of srv_check_result."""
STATS = (
    "qcur",
    "scur",
    "slim",
    "status",
    "check_status",
    "last_chk",
    "check_desc",
    "check_rise",
    "check_fall",
    "srv_icur",
    "used_conn_cur",
)
"""What is read of `show stat`."""


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server of a backend.

    sessions: that it has, or that wait for it. attached: connections that HAProxy keeps to it, idle or not.
    checked, checking: whether it has a health check, and whether that is enabled. fresh: whether none has ended yet.
    passed: whether a check passed since it last came out of maintenance. check: its last one, in words.
    rise, fall, weight, maxconn: as it was declared; 0 where nothing was.
    """

    name: str
    address: str
    port: int
    in_maintenance: bool
    is_draining: bool
    is_up: bool
    checked: bool
    checking: bool
    fresh: bool
    passed: bool
    sessions: int
    attached: int
    status: str
    check: str
    rise: int
    fall: int
    weight: int
    maxconn: int


def rows_of(states: str, stats: str, backend: str) -> tuple[ServerRow, ...]:
    """The servers in the order of the backend. Raises ValueError or KeyError when these are not what HAProxy writes.

    A server that stands in one of the two only came or went in between: it is left out, for the next look.
    """
    numbers = _stats(stats, backend)
    return tuple(_row(row, numbers[row["srv_name"]]) for row in _states(states) if row["srv_name"] in numbers)


def _stats(text: str, backend: str) -> Mapping[str, Mapping[str, str]]:
    """The columns of STATS, by the name of the server. There are a hundred others, and this is read many times a
    second."""
    header, *lines = csv.reader(io.StringIO(text.removeprefix("# ")))
    places = [(name, header.index(name)) for name in STATS]
    if any(len(line) < len(header) for line in lines):
        raise ValueError("a line is too short")
    proxy, server = header.index("pxname"), header.index("svname")
    own = (line for line in lines if line[proxy] == backend)
    return {line[server]: {name: line[place] for name, place in places} for line in own}


def _states(text: str) -> list[Mapping[str, str]]:
    version, header, *lines = text.splitlines()
    if version != "1" or not header.startswith("# "):
        raise ValueError(f"a format of version {version[:20]!r}")
    names = header.removeprefix("# ").split(" ")
    return [dict(zip(names, line.split(" "), strict=True)) for line in lines if not line.startswith("#")]


def _row(state: Mapping[str, str], stat: Mapping[str, str]) -> ServerRow:
    admin, check = int(state["srv_admin_state"]), int(state["srv_check_state"])
    rise, fall = _number(stat["check_rise"]), _number(stat["check_fall"])
    said = (stat["check_status"].removeprefix("* "), stat["last_chk"] or stat["check_desc"])
    return ServerRow(
        name=state["srv_name"],
        address=state["srv_addr"],
        port=int(state["srv_port"]),
        in_maintenance=bool(admin & MAINT),
        is_draining=bool(admin & DRAIN) and not admin & MAINT,
        is_up=int(state["srv_op_state"]) in RUNNING,
        checked=bool(check & CHECK_CONFIGURED),
        checking=bool(check & CHECK_ENABLED),
        fresh=state["srv_check_status"] in NEVER_CHECKED,
        passed=_passed(state, rise, fall),
        sessions=_number(stat["scur"]) + _number(stat["qcur"]),
        attached=_number(stat["srv_icur"]) + _number(stat["used_conn_cur"]),
        status=stat["status"],
        check=" ".join(word for word in said if word),
        rise=rise,
        fall=fall,
        weight=int(state["srv_iweight"]),
        maxconn=_number(stat["slim"]),
    )


def _passed(state: Mapping[str, str], rise: int, fall: int) -> bool:
    """HAProxy calls a server up as soon as it leaves maintenance, with a health of `rise`, before any check. The first
    check that passes lifts it to `rise` + `fall` - 1. Where `fall` is 1 these are the same, and the last result has to
    do, which may be older, and is unknown while a check is running."""
    whole = int(state["srv_check_health"]) >= rise + fall - 1
    return whole and (fall > 1 or state["srv_check_result"] == PASSED)


def _number(text: str) -> int:
    return int(text) if text else 0
