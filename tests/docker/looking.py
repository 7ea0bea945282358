"""A look at a fleet of containers as the daemon would take it: the configuration, all the way to the plan."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from controller.app import plugins
from controller.app.build import Builder, shared_clients
from controller.app.configuration import specs
from controller.app.state import opened_journal
from controller.clock import SystemClock
from controller.operations import ask
from controller.settings import load
from tests.support.docker_engine import Api

CONFIG = """\
version: 1
mode: act
state: sqlite:///{folder}/journal.db
fleets:
  edge:
    docker: {{host: "{url}", label: "{label}"{docker}}}
    warm_up: 0s
{fleet}
"""


async def looked(
    engine: Api, folder: Path, label: str, fleet: str, docker: str = "", without: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every instance of the plan by the name of its container. fleet: the keys of the policy, as YAML lines. docker:
    more options, such as `, volumes: shared`. without: rules that are left out."""
    body = "\n".join(f"    {line}" for line in fleet.splitlines())
    text = CONFIG.format(folder=folder, url=engine.url, label=label, docker=docker, fleet=body)
    config, clock = load(text, "edge.yaml", specs()), SystemClock()
    rules = [rule for rule in plugins.rules() if rule.name not in without]
    async with shared_clients(clock) as clients, opened_journal(config.state, clients) as journal:
        site = Builder(config, clock, clients, journal).site(config.fleets["edge"])
        document = await ask.plan([site], rules, config.mode.value, clock)
        inventory = await site.platform.inventory()
    assert document["errors"] == [], document["errors"]
    names = {member.id: member.attributes["container.name"] for member in inventory.instances}
    return {names[item["id"]]: item for item in document["fleets"][0]["instances"]}


def vetoes(instance: dict[str, Any]) -> dict[str, str]:
    """The reasons why it is left alone, by rule."""
    return {veto["rule"]: veto["reason"] for veto in instance["vetoes"]}
