"""filesystem_changed: what an engine calls changed, less what engine, mounts and declaration account for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from controller.domain.errors import PlatformError
from controller.domain.model import Signal, Unknown
from probes.filesystem_changed import PROBE, FilesystemChangedOptions
from tests.probes.engine import ONE, OTHER, Asked, asked, value, why
from tests.support.answering import Says

KINDS = "CAD"
MOUNTS = {
    "Mounts": [
        {"Type": "volume", "Destination": "/srv/vol", "RW": True},
        {"Type": "bind", "Destination": "/bound/inner", "RW": False},
    ],
    "HostConfig": {"Tmpfs": {"/scratch": ""}, "Mounts": [{"Type": "tmpfs", "Target": "/var/fast/"}]},
}
FRESH = "A /data\nA /bound\nA /bound/inner\nA /scratch\nA /srv\nA /srv/vol\nC /var\nA /var/fast"
"""What an engine calls changed in a container with these mounts that nobody has touched (and /data, another one)."""


def changes(lines: str) -> list[dict[str, Any]]:
    """As `docker diff` writes them."""
    rows = [line.split(" ", 1) for line in lines.splitlines()]
    return [{"Path": path, "Kind": KINDS.index(kind)} for kind, path in rows]


@pytest.fixture
async def stage() -> AsyncIterator[Asked]:
    async with asked(PROBE) as found:
        found.says("json", {})
        yield found


async def counted(stage: Asked, lines: str, *excepted: str) -> Signal:
    await stage.clock.sleep(30)  # an answer is kept for its moment
    stage.says("changes", changes(lines))
    found = await stage.one(options={"except": excepted} if excepted else {})
    assert isinstance(found, Signal)
    return found


@pytest.mark.parametrize("answer", [None, []])
async def test_a_container_that_nobody_touched_has_changed_nothing(stage: Asked, answer: object) -> None:
    stage.says("changes", answer)
    found = await stage.one()
    assert value(found) == 0
    assert PROBE.threshold is not None
    assert not PROBE.threshold.breached(0.0)


async def test_mounts_and_the_folders_above_them_are_no_changes(stage: Asked) -> None:
    stage.says("json", {**MOUNTS, "Mounts": [*MOUNTS["Mounts"], {"Type": "volume", "Destination": "/data"}]})
    assert value(await counted(stage, FRESH)) == 0


async def test_what_somebody_writes_is_counted_and_told(stage: Asked) -> None:
    found = await counted(stage, "C /bin\nD /bin/cat\nC /etc\nC /etc/passwd\nA /root\nA /root/.ssh\nA /root/.ssh/x")
    assert value(found) == 5
    assert found.samples == (
        "deleted /bin/cat",
        "changed /etc/passwd",
        "added /root",
        "added /root/.ssh",
        "added /root/.ssh/x",
    )
    assert (found.unit, found.query) == ("paths", f"docker ContainerChanges {ONE}")
    assert PROBE.threshold is not None
    assert PROBE.threshold.breached(value(found))


async def test_scratch_folders_are_excepted_unless_others_are_named(stage: Asked) -> None:
    lines = "C /tmp\nA /tmp/x\nC /run\nA /run/app.pid\nC /var\nC /var/tmp\nA /var/tmp/deep\nA /var/tmp/deep/y"
    assert value(await counted(stage, lines)) == 0
    assert (await counted(stage, lines, "/var/tmp")).samples == ("added /run/app.pid", "added /tmp/x")


@pytest.mark.parametrize(
    ("excepted", "lines", "left"),
    [
        ("/var/cache", "C /var\nA /var/cache\nA /var/cache/x", 0),
        ("/var/cache", "A /var\nA /var/cache\nA /var/cache/x", 0),
        ("/var/cache", "C /var\nC /var/cache", 0),
        ("/var/cache/", "A /var/cachet", 1),
        ("/var/cache", "D /var", 1),
        (
            "/app/**/__pycache__",
            "C /app\nC /app/a\nC /app/a/b\nA /app/a/b/__pycache__\nA /app/a/b/__pycache__/x.pyc",
            0,
        ),
        ("/app/**/__pycache__", "C /app\nC /app/a\nC /app/a/x.py", 1),
        ("/var/log/*.log", "C /var\nC /var/log\nA /var/log/a.log\nA /var/log/b.txt", 1),
        ("/var/log/*", "C /var\nC /var/log\nA /var/log/deep\nA /var/log/deep/a.log", 0),
        ("/a.b", "A /axb", 1),
    ],
)
async def test_an_excepted_path_covers_what_is_below_it(stage: Asked, excepted: str, lines: str, left: int) -> None:
    assert value(await counted(stage, lines, excepted)) == left


async def test_what_the_engine_writes_is_never_a_change(stage: Asked) -> None:
    lines = "C /etc\nC /etc/hosts\nA /etc/resolv.conf\nA /.dockerenv\nA /dev/console\nA /run\nA /run/secrets/x"
    assert value(await counted(stage, lines, "/nowhere")) == 0
    assert value(await counted(stage, f"{lines}\nC /etc/hosts.allow", "/nowhere")) == 1


async def test_the_samples_are_few_short_and_hide_what_they_should(stage: Asked) -> None:
    found = await counted(stage, "\n".join(f"A /srv/{number}-password=hunter2{'x' * 900}" for number in range(50)))
    assert value(found) == 50
    assert len(found.samples) == 5
    assert all(len(sample) < 320 and "hunter2" not in sample for sample in found.samples)


@pytest.mark.parametrize(
    "answer",
    [
        Says('{"message": "storage driver cannot compare"}', 501),
        Says('{"message": "layer not retained"}', 500),
        Says("{}"),
        Says('[{"Path": "relative", "Kind": 0}]'),
        Says('[{"Path": "/x", "Kind": 7}]'),
        Says('[{"Path": 5, "Kind": 0}]'),
        Says('[{"Path": "/x"}]'),
        Says("[1]"),
    ],
    ids=["cannot", "fails", "object", "relative", "kind", "number", "no kind", "no change"],
)
async def test_an_engine_that_cannot_say_leaves_that_one_unknown(stage: Asked, answer: Says) -> None:
    stage.says("changes", [], OTHER)
    stage.engine.answers[f"/containers/{ONE}/changes"] = answer
    found = await stage.read(stage.container(), stage.container(id=OTHER))
    assert isinstance(found[ONE], Unknown)
    assert why(found[ONE])
    assert value(found[OTHER]) == 0


async def test_an_answer_without_end_is_unknown_and_says_so(stage: Asked) -> None:
    stage.says("changes", [], OTHER)
    stage.says("changes", b"[" + b'{"Path":"/tmp/x","Kind":1},' * 700_000 + b"]")
    found = await stage.read(stage.container(), stage.container(id=OTHER))
    assert "larger than 16 MiB" in why(found[ONE])


async def test_engines_that_all_fail_are_the_fault_themselves(stage: Asked) -> None:
    stage.engine.row = [Says('{"message": "no"}', 500)]
    with pytest.raises(PlatformError):
        await stage.one()


async def test_one_call_per_container_while_nothing_has_changed(stage: Asked) -> None:
    stage.says("changes", None)
    await stage.one()
    assert stage.engine.calls() == [f"GET /containers/{ONE}/changes"]


@pytest.mark.parametrize("path", ["tmp", "", "/", "/a/../b", "/./a", "//a", "/a*b*c*d*e*f", 5, "/a\0b"])
def test_a_path_that_is_none_is_refused(path: object) -> None:
    with pytest.raises(ValidationError):
        FilesystemChangedOptions.model_validate({"except": [path]})


async def test_an_engine_that_compares_slowly_is_asked_less_often_while_nothing_has_changed(
    stage: Asked,
) -> None:
    async def asked_after(seconds: float, lines: str = "") -> tuple[float, int]:
        await stage.clock.sleep(seconds)
        stage.says("changes", changes(lines))
        before = len(stage.engine.requests)
        found = await stage.one()
        return value(found), len(stage.engine.requests) - before

    stage.engine.before = lambda: stage.clock.move(2)
    assert await asked_after(0) == (0, 1)
    assert await asked_after(20, "A /bin/x") == (0, 0)
    assert await asked_after(19, "A /bin/x") == (1, 2)
    assert await asked_after(1, "A /bin/x") == (1, 2)
    assert await asked_after(1) == (0, 1)


async def test_what_was_kept_of_a_slow_engine_is_of_that_container_and_dated(stage: Asked) -> None:
    stage.engine.before = lambda: stage.clock.move(60)
    stage.says("changes", [])
    first = await stage.one()
    assert isinstance(first, Signal)
    await stage.clock.sleep(200)
    kept = await stage.one()
    assert isinstance(kept, Signal)
    assert kept.latest.measured_at == first.latest.measured_at
    await stage.clock.sleep(100)
    fresh = await stage.one()
    assert isinstance(fresh, Signal)
    assert fresh.latest.measured_at > first.latest.measured_at
