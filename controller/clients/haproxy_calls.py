"""Law 1 for HAProxy: every command that Repave can give its runtime API, and what its answers in plain text mean.

Commands and answers as in the Management Guide, 9.3 "Unix Socket commands" (HAProxy 2.6 and later). None of them runs
anything, writes a file, or touches what is not a server of a backend.
"""

import re

from controller.clients.http_errors import clean
from controller.domain.errors import Denied, ForbiddenCall, Gone, Permanent, PlatformError, Transient

NAME = r"[A-Za-z0-9_.:-]{1,200}"
"""Configuration Manual, 4: letters, digits, dash, underscore, dot and colon."""

KEYWORDS = r"[A-Za-z0-9_.:/@%,()=+-]+(?: [A-Za-z0-9_.:/@%,()=+-]+)*"
"""Of a server: nothing that ends a command (`;`, a line break), escapes, or announces a payload (`<<`)."""

_SERVER = rf"{NAME}/{NAME}"
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)"

READS = {
    "ShowInfo": r"show info",
    "ShowBackend": r"show backend",
    "ShowServersState": rf"show servers state {NAME}",
    "ShowStat": rf"show stat {NAME} 4 -1",
}
"""What Repave reads with."""

MUTATIONS = {
    "AddServer": rf"add server {_SERVER} (?:ipv6@)?{_ADDRESS}:\d{{1,5}}(?: {KEYWORDS})?",
    "EnableHealth": rf"enable health {_SERVER}",
    "SetServer": rf"set server {_SERVER} (?:state (?:ready|drain|maint)|addr {_ADDRESS} port \d{{1,5}})",
    "DeleteServer": rf"del server {_SERVER}",
}
"""Every command by which Repave can change anything in HAProxy."""

_DONE = {
    "AddServer": r"New server registered\.",
    "DeleteServer": r"Server deleted\.",
    "SetServer": r"(?:.*(?:changed from|no need to change).* by 'stats socket command')?",
}

_MEANINGS: tuple[tuple[str, type[PlatformError], str, str], ...] = (
    ("No such server", Transient, "no_such_server", "; it was there a moment ago"),  # a reload forgets: look again
    ("No such backend", Gone, "no_such_backend", ""),
    ("Can't find backend", Gone, "no_such_backend", ""),
    ("No such proxy", Gone, "no_such_backend", ""),
    ("Permission denied", Denied, "permission_denied", "; the socket needs `level admin`"),
    ("Already exists a server", Transient, "exists", "; it was not there a moment ago"),
    ("still has connections", Transient, "connections", ""),
    ("other configuration elements", Permanent, "referenced", ""),
    ("dynamic load balancing", Permanent, "static_balance", "; the backend needs `balance roundrobin`, or another"),
)


def demand(listed: dict[str, str], operation: str, command: str) -> None:
    """Raises ForbiddenCall unless this is the listed operation, spelled as it is listed."""
    if operation not in listed or not re.fullmatch(listed[operation], command):
        kind = "reads" if listed is READS else "mutations"
        raise ForbiddenCall(f"haproxy.{operation} ({clean(command)!r}) is not on the list of {kind}")


def refuse_unlisted(command: str) -> None:
    """The last line of defence, in front of the socket: asked for every command, whoever gives it."""
    if not any(re.fullmatch(pattern, command) for pattern in (*READS.values(), *MUTATIONS.values())):
        raise ForbiddenCall(f"{clean(command)!r} is on neither the list of reads nor the list of mutations")


def refusal(operation: str, answer: str) -> PlatformError | None:
    """Our error for the answer to a mutation; None when it was carried out.

    The runtime API has no status: what is not said after success is an error, in words.
    """
    said = " ".join(answer.split())
    if re.fullmatch(_DONE.get(operation, ""), said):
        return None
    return meaning(operation, said)


def meaning(operation: str, said: str) -> PlatformError:
    """Our error for an answer that is none."""
    call, words = f"haproxy.{operation}", clean(said) or "an empty answer"
    for sign, kind, code, hint in _MEANINGS:
        if sign in said:
            return kind(f"{call}: {words}{hint}", call=call, code=code)
    return Permanent(f"{call}: {words}", call=call, code="refused")
