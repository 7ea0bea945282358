"""docs/running.md names every call to an engine that Repave can make, as it is on the wire, and none that it cannot."""

import re
from collections.abc import Mapping
from pathlib import Path

from controller.clients.docker_calls import MUTATIONS, READS, Call

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs" / "running.md").read_text(encoding="utf-8").split("\n## Docker engines\n")[1].split("\n## ")[0]
ROW = re.compile(r"^\| `(\w+)` \| `([A-Z]+) (/\S+)` \|", re.MULTILINE)


def shown(calls: Mapping[str, Call]) -> dict[str, tuple[str, str]]:
    """The patterns as a person writes them: {id} for one word, {name} for an image's."""
    words = {
        "/[0-9a-f]{64}": "/{id}",
        "/[A-Za-z0-9][A-Za-z0-9_.-]*": "/{id}",
        "(?:/[A-Za-z0-9][A-Za-z0-9_.:@-]*)+": "/{name}",
    }
    found = {}
    for name, call in calls.items():
        path = call.path
        for pattern, word in words.items():
            path = path.replace(pattern, word)
        found[name] = (call.method, path)
    return found


def rows(text: str) -> dict[str, tuple[str, str]]:
    return {name: (method, path) for name, method, path in ROW.findall(text)}


def test_the_page_lists_what_is_read_and_what_is_changed() -> None:
    looking, replacing = SECTION.split("To replace as well:")
    assert rows(looking) == shown(READS)
    assert rows(replacing) == shown(MUTATIONS)


def test_nothing_is_listed_that_nobody_calls() -> None:
    files = [path for room in ("controller", "probes") for path in (ROOT / room).rglob("*.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in files if path.name != "docker_calls.py")
    spoken = set(re.findall(r'"(?:docker\.)?([A-Z]\w+)"', code))
    asked_by_the_client_itself = {"SystemVersion"}
    assert READS.keys() - spoken == asked_by_the_client_itself
    assert MUTATIONS.keys() - spoken == set()
