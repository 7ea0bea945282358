"""What is kept of a container before it goes: bounded, without secrets, and never in the way."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.clients.docker import Engine, Engines
from controller.platforms.docker.evidence import MOST_BYTES, evidence_of
from tests.clients.fake_aws import VirtualClock
from tests.support.answering import Says
from tests.support.fake_engine import FakeEngine

ID = "ab12" * 16
AT = f"/containers/{ID}"
INSPECT: dict[str, Any] = {
    "Id": ID,
    "Name": "/web-3",
    "Created": "2026-11-23T11:00:00Z",
    "Image": "sha256:aa",
    "RestartCount": 2,
    "Path": "/app",
    "Args": ["--db-password", "hunter2-arg", "--port", "80"],
    "State": {"Status": "running", "ExitCode": 0, "OOMKilled": False, "Health": {"Status": "unhealthy", "Log": []}},
    "Config": {
        "Env": [
            "PATH=/bin",
            "DB_PASSWORD=hunter2-env",
            "DATABASE_URL=postgres://app:hunter2-url@db/app",
            "SESSION=9f8e7d6c5b4a39281706f5e4d3c2b1a0",
            "EMPTY=",
        ],
        "Labels": {"fleet": "edge", "traefik.auth.token": "hunter2-label"},
        "Tty": False,
    },
    "HostConfig": {
        "Memory": 67108864,
        "Privileged": False,
        "Binds": None,
        "LogConfig": {"Config": {"splunk-token": "hunter2-log"}},
    },
    "Mounts": [{"Type": "volume", "Destination": "/data", "RW": True}],
    "NetworkSettings": {"Networks": {"front": {"IPAddress": "10.0.0.5"}}},
    "ExecIDs": ["cd" * 32],
}
CHANGES = [
    {"Path": "/etc", "Kind": 0},
    {"Path": "/etc/passwd", "Kind": 0},
    {"Path": "/tmp/x", "Kind": 1},
    {"Path": "/bin/cat", "Kind": 2},
]
STATS = {
    "memory_stats": {"usage": 8_000_000, "limit": 67_108_864},
    "pids_stats": {"current": 3},
    "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
}
TOP = {"Titles": ["PID", "CMD"], "Processes": [["1", "/app --token hunter2-top"], ["2", "sh"]]}


def frames(*lines: str, stream: int = 1) -> bytes:
    content = b""
    for line in lines:
        text = line.encode()
        content += bytes([stream, 0, 0, 0]) + len(text).to_bytes(4) + text
    return content


@pytest.fixture
async def fake() -> AsyncIterator[FakeEngine]:
    async with FakeEngine() as engine:
        engine.says(f"{AT}/json", INSPECT)
        engine.says(f"{AT}/changes", CHANGES)
        engine.says(f"{AT}/stats", STATS)
        engine.says(f"{AT}/top", TOP)
        engine.says(f"{AT}/logs", frames("one\n", "two password=hunter2-line\n") + frames("three\n", stream=2))
        yield engine


@pytest.fixture
async def engine(fake: FakeEngine) -> AsyncIterator[Engine]:
    engines = Engines(VirtualClock())
    yield engines.at(fake.addresses[0])
    await engines.aclose()


async def test_it_is_what_somebody_who_logged_in_would_have_looked_at(engine: Engine) -> None:
    kept = await evidence_of(engine, ID)
    assert kept["logs"] == {"lines": ["one", "two password=[redacted]", "three"], "cut": 0}
    assert kept["stats"] == {"memory_bytes": 8_000_000, "memory_limit_bytes": 67_108_864, "pids": 3, "cpu_seconds": 1.5}
    assert kept["changes"] == {"count": 4, "paths": ["D /bin/cat", "C /etc", "C /etc/passwd", "A /tmp/x"]}
    assert kept["top"] == {
        "titles": ["PID", "CMD"],
        "processes": [["1", "/app --token [redacted]"], ["2", "sh"]],
        "cut": 0,
    }
    assert kept["inspect"]["State"] == {**INSPECT["State"], "Health": {"Status": "unhealthy", "Log": []}}
    assert kept["inspect"]["HostConfig"]["Memory"] == 67108864
    assert "Privileged" not in kept["inspect"]["HostConfig"]
    assert "missing" not in kept


async def test_no_secret_is_kept_and_what_is_none_is(engine: Engine) -> None:
    kept = await evidence_of(engine, ID)
    assert "hunter2" not in json.dumps(kept)
    assert kept["inspect"]["Config"]["Env"] == [
        "PATH=/bin",
        "DB_PASSWORD=[redacted]",
        "DATABASE_URL=postgres://[redacted]@db/app",
        "SESSION=[redacted]",
        "EMPTY=",
    ]
    assert kept["inspect"]["Args"] == ["--db-password", "[redacted]", "--port", "80"]
    assert kept["inspect"]["Config"]["Labels"] == {"fleet": "edge", "traefik.auth.token": "[redacted]"}


async def test_the_last_lines_are_asked_for_and_a_terminals_come_as_they_are(fake: FakeEngine, engine: Engine) -> None:
    fake.says(f"{AT}/logs", b"plain\r\n\x1b[31mred\x1b[0m\n")
    assert (await evidence_of(engine, ID))["logs"]["lines"] == ["plain", " [31mred [0m"]
    (query,) = [one.query for one in fake.requests if one.path.endswith("/logs")]
    assert query == {"stdout": "1", "stderr": "1", "timestamps": "1", "tail": "200"}
    assert fake.calls() == fake.calls("^GET ")


@pytest.mark.parametrize("part", ["logs", "json", "stats", "changes", "top"])
@pytest.mark.parametrize(
    "answer",
    [
        Says('{"message": "not now"}', 500),
        Says('{"message": "gone"}', 404),
        Says("null"),
        Says("[3]"),
        Says("{nonsense"),
        Says('{"memory_stats": 5, "Titles": 5}'),
        Says(reset=True),
    ],
    ids=["500", "404", "null", "list", "no json", "odd", "reset"],
)
async def test_a_part_that_cannot_be_had_is_named_and_stops_nothing(
    fake: FakeEngine, engine: Engine, part: str, answer: Says
) -> None:
    fake.answers[f"{AT}/{part}"] = answer
    kept = await evidence_of(engine, ID)
    names = {"json": "inspect"}
    others = {"logs", "inspect", "stats", "changes", "top"} - {names.get(part, part)}
    assert others <= kept.keys()
    assert set(kept.get("missing", {})) <= {names.get(part, part)}
    json.dumps(kept, allow_nan=False).encode()


async def test_an_engine_that_is_gone_leaves_five_reasons(fake: FakeEngine, engine: Engine) -> None:
    fake.row = [Says('{"message": "the disk is on fire"}', 500)]
    kept = await evidence_of(engine, ID)
    assert set(kept) == {"missing"}
    assert set(kept["missing"]) == {"logs", "inspect", "stats", "changes", "top"}
    assert all("the disk is on fire" in why for why in kept["missing"].values())


async def test_however_much_there_is_the_whole_is_bounded(fake: FakeEngine, engine: Engine) -> None:
    long = "ü" * 3000
    fake.says(f"{AT}/logs", frames(*(f"{number} {long}\n" for number in range(500))))
    fake.says(f"{AT}/changes", [{"Path": f"/data/{number}{long}", "Kind": 1} for number in range(300)])
    fake.says(f"{AT}/top", {"Titles": [long] * 50, "Processes": [[long] * 10] * 60})
    big = {f"key-{number}": long for number in range(50)}
    fake.says(
        f"{AT}/json",
        {**INSPECT, "HostConfig": big, "Mounts": [big] * 8, "Config": {"Labels": big}, "Args": [long] * 90},
    )
    kept = await evidence_of(engine, ID)
    assert len(json.dumps(kept, ensure_ascii=False).encode()) <= MOST_BYTES
    assert kept["logs"]["lines"][-1].startswith("499 ")
    assert kept["logs"]["cut"] > 400
    assert kept["changes"]["count"] == 300
    assert kept["inspect"]["cut"]
    assert kept["inspect"]["State"]["Status"] == "running"


async def test_what_no_journal_could_write_is_made_writable(fake: FakeEngine, engine: Engine) -> None:
    odd = '{"Id": "x", "Name": "\\ud800", "State": {"Status": "a\\ud800", "Weird": NaN}, "Config": {"\\udfff": 1e999}}'
    fake.answers[f"{AT}/json"] = Says(odd)
    kept = await evidence_of(engine, ID)
    json.dumps(kept, ensure_ascii=False, allow_nan=False).encode()
