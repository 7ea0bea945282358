"""`validate` and `schema`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.app.config_source import ConfigSource
from controller.app.configuration import read_again
from controller.clock import SystemClock
from controller.domain.errors import ConfigError
from tests.cli.conftest import repave, written


def test_a_good_file(config: Path) -> None:
    result = repave("validate", str(config))
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{config}: good (2 fleets: web, api)\n"


def test_every_error_has_its_place_and_the_code_is_2(config: Path) -> None:
    text = config.read_text().replace("max_image_age", "max_imge_age").replace("max_age: 60d", "max_age: 60")
    config.write_text(text)
    result = repave("validate", str(config))
    assert result.code == 2
    first, second = result.err.splitlines()
    assert first.startswith(f"{config}:8:5: ")
    assert "Did you mean 'max_image_age'?" in first
    assert second.startswith(f"{config}:14:14: ")
    assert result.out == ""


def test_an_absent_file_is_2_as_well() -> None:
    result = repave("validate", "absent.yaml")
    assert result.code == 2
    assert result.err.startswith("absent.yaml: ")


def test_a_warning_does_not_fail(config: Path) -> None:
    config.write_text(config.read_text().replace("mode: act", "mode: act\nmax_mode: observe"))
    result = repave("validate", str(config))
    assert result.code == 0
    assert "is capped to observe" in result.err
    assert result.err.splitlines()[0].endswith("(warning)")


COUNTED = "{name: oom, cloudwatch_logs: {group: /web/system, match: Out of memory}, count: 3, within: 1h}"


@pytest.mark.parametrize("missing", ["", "missing: unknown, "])
def test_a_count_that_makes_every_healthy_host_unknown_is_a_warning(config: Path, missing: str) -> None:
    rule = COUNTED.replace("{name", f"{{{missing}name")
    config.write_text(config.read_text().replace("degraded_when:\n", f"degraded_when:\n      - {rule}\n", 1))
    result = repave("validate", str(config))
    assert result.code == 0
    assert result.err == (
        f"{config}:10:{19 if missing else 9}: rule 'oom': with 'missing: unknown', whoever has nothing to count is "
        "unknown, not healthy; say 'missing: zero'. (warning)\n"
    )
    config.write_text(config.read_text().replace(rule, COUNTED.replace("{name", "{missing: zero, name")))
    assert repave("validate", str(config)).err == ""


def test_nothing_is_made_or_asked(tmp_path: Path) -> None:
    path = written(tmp_path)
    repave("validate", str(path))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["conf.yaml"]


def test_the_schema_knows_the_plugins() -> None:
    result = repave("schema")
    assert result.code == 0
    schema = json.loads(result.out)
    assert schema["$schema"].endswith("2020-12/schema")
    for word in ("asg", "target_health", "max_image_age"):
        assert f'"{word}"' in result.out


def test_on_ecs_a_journal_on_the_tasks_disk_is_a_warning_here_and_refused_by_run(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/abc")
    result = repave("validate", str(config))
    assert result.code == 0
    assert result.err.startswith(f"{config}:3:8: 'state' is an SQLite file on the disk of this ECS task")
    assert result.err.endswith("(warning)\n")
    refused = repave("run", "-c", str(config))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == result.err.replace(" (warning)", "")
    assert not list(config.parent.glob("*.db")), "no journal was begun"


def test_a_daemon_on_ecs_refuses_to_begin_to_act_at_a_reload_too(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE")
    acting = config.read_text()
    config.write_text(acting.replace("mode: act", "mode: observe"))
    started = []

    async def serve(config: Any, *, until_settled: bool, source: ConfigSource) -> int:
        started.append(source)
        return 0

    monkeypatch.setattr("controller.app.serve.serve", serve)
    assert repave("run", "-c", str(config)).code == 0
    config.write_text(acting)
    with pytest.raises(ConfigError, match="'repave run' refuses to act"):
        asyncio.run(read_again(started[0], SharedClients(SystemClock())))
