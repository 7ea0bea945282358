"""The agent itself, in its developer mode (it connects nowhere), in a process of its own: it patches what it finds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from controller.domain.errors import ConfigError
from controller.record.newrelic import Agent

KEY = {"NEW_RELIC_LICENSE_KEY": "0" * 40}

PROGRAM = """
import asyncio, json, os
from controller.record.newrelic import Agent

agent = Agent.start(os.environ)
import newrelic.agent
from newrelic.core.agent import agent_instance
from newrelic.api.application import application_instance
connected = agent_instance().application(application_instance().name)
connected._connected_event.wait(20.0)  # in a thread of its own; earlier looks are not counted

async def look():
    await asyncio.sleep(0)
    return "8 instances"

async def main():
    sentence = await agent.background_task("tick web", look)()
    agent.event("RepaveReplacement", {"replacement": "r-1", "seconds": 75.5, "successor": None, "reason": "x" * 999})
    return sentence

sentence = asyncio.run(main())
engine = connected._stats_engine
settings = newrelic.agent.global_settings()
print(json.dumps({
    "sentence": sentence,
    "tasks": sorted(name for name, _ in engine.stats_table if name.startswith("OtherTransaction/Repave/")),
    "events": [[kind["type"], facts] for kind, facts in engine.custom_events],
    "logs": settings.application_logging.enabled,
    "headers": settings.distributed_tracing.enabled,
}))
agent.stop(1.0)
"""


def running(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**KEY, "NEW_RELIC_DEVELOPER_MODE": "true", "NEW_RELIC_LOG": str(folder / "agent.log"), **environment}
    here = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env={**here, **variables}, capture_output=True, text=True, timeout=60, check=False)


def test_a_tick_is_a_background_task_and_a_replacement_a_custom_event(tmp_path: Path) -> None:
    ran = running(tmp_path)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["sentence"] == "8 instances"
    assert said["tasks"] == ["OtherTransaction/Repave/tick web"]
    ((kind, facts),) = said["events"]
    assert kind == "RepaveReplacement"
    assert (facts["replacement"], facts["seconds"], len(facts["reason"])) == ("r-1", 75.5, 255)
    assert "successor" not in facts
    assert not said["logs"], "logs have a way of their own, with secrets taken out"
    assert not said["headers"], "nobody's API gets a header of ours"


def test_hybrid_mode_in_the_agents_own_file_is_refused_too(tmp_path: Path) -> None:
    file = tmp_path / "newrelic.ini"
    file.write_text("[newrelic]\nopentelemetry.enabled = true\n", encoding="utf-8")
    ran = running(tmp_path, NEW_RELIC_CONFIG_FILE=str(file))
    assert "hybrid mode discards the traces" in ran.stderr
    assert ran.returncode == 1


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    ran = running(tmp_path, NEW_RELIC_CONFIG_FILE=str(tmp_path / "none.ini"))
    assert "ConfigError: New Relic's agent cannot start" in ran.stderr


@pytest.mark.parametrize("word", ["true", "1", "ON", "yes"])
def test_hybrid_mode_is_refused_before_the_agent_is_imported(word: str) -> None:
    with pytest.raises(ConfigError, match="hybrid mode"):
        Agent.start({**KEY, "NEW_RELIC_OPENTELEMETRY_ENABLED": word})


def test_without_a_key_there_is_no_agent() -> None:
    assert Agent.start({"NEW_RELIC_OPENTELEMETRY_ENABLED": "true"}) is None
    assert Agent.start({"NEW_RELIC_LICENSE_KEY": ""}) is None
