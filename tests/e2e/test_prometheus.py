"""A real Prometheus scrapes two real daemons, one of which stands by: every query of the dashboards answers with data,
every alerting rule can be evaluated, and none calls anybody until the daemons are gone."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.dashboards.reading import RULES, Asked, board, expressions, rules
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.stage import GroupScene, Stage
from tests.support.eventually import eventually
from tests.support.prometheus import RealPrometheus, prometheus_beside
from tests.support.promtool import promtool

pytestmark = pytest.mark.asyncio(loop_scope="package")

INTERVAL = {"scrape_interval": "1s", "evaluation_interval": "1s"}
ONLY_OF_FAILURES = {"Failures by reason", "Holds by veto"}
"""What a fleet on which nothing ever failed and nobody waits has no series of."""


@pytest.mark.timeout(240)
async def test_every_query_of_the_dashboards_answers_with_data(world: Stage, tmp_path: Path) -> None:
    scene = world.scene(
        *("replaced", "undone"),
        fleet={"verify": {"ready_within": "5s"}, "cooldown": {"base": "1h"}},
        top={"limits": {"stop_after_failures": 5}},
    )
    assert (await scene.repave("hold", "all", "--for", "1h", "--reason", "until Prometheus is up"))[0] == 0
    async with scene.daemon(until_settled=False) as first:
        await first.ticks(1)
        async with scene.daemon(until_settled=False) as second:
            await second.ticks(1, standby=True)
            async with prometheus_beside(tmp_path, await configuration(first, second)) as prometheus:
                await until_something_was_replaced_and_something_failed(scene, prometheus)
                for url in (await first.url(), await second.url()):
                    await the_page_is_clean(url)
                await every_panel_has_data(prometheus, *(group.name for group in scene.groups))
                await every_rule_can_be_evaluated(prometheus)
                assert (await first.stopped(), await second.stopped()) == (0, 0)
                await that_they_are_gone_is_seen(prometheus)


async def configuration(*daemons: Daemon) -> str:
    """Prometheus': these daemons, each second, and the alerting rules as they are shipped."""
    targets = [(await daemon.url()).removeprefix("http://") for daemon in daemons]
    scraped = [{"job_name": "repave", "static_configs": [{"targets": targets}]}]
    return json.dumps({"global": INTERVAL, "rule_files": [str(RULES)], "scrape_configs": scraped})


async def until_something_was_replaced_and_something_failed(scene: GroupScene, prometheus: RealPrometheus) -> None:
    """It begins once both daemons were scraped, so that the totals are seen to grow."""

    async def both() -> bool:
        return len(await prometheus.ask('repave_replacements_total{outcome="replaced",cause="aged"}')) == 4

    await eventually(both, within_seconds=30, every_seconds=0.2)
    assert (await scene.repave("resume", "all"))[0] == 0

    async def done() -> bool:
        ended = [await prometheus.ask(f'repave_replacements_total{{outcome="{word}"}} > 0') for word in OUTCOMES]
        return all(len(found) == 2 for found in ended)

    await eventually(done, within_seconds=90, every_seconds=0.2)


OUTCOMES = ("replaced", "failed")


async def the_page_is_clean(url: str) -> None:
    async with ClientSession() as session, session.get(f"{url}/metrics") as response:
        said = promtool("check", "metrics", stdin=await response.read())
    assert (said.ok, said.text) == (True, "")


async def every_panel_has_data(prometheus: RealPrometheus, replaced: str, undone: str) -> None:
    overview, fleet = list(expressions(board("overview"))), list(expressions(board("fleet")))
    await answered(prometheus, overview, "")
    await answered(prometheus, fleet, undone)
    await answered(prometheus, [one for one in fleet if title(one) not in ONLY_OF_FAILURES], replaced)
    for asked in [*overview, *fleet]:
        if title(asked) == "Time to replace":
            (half,) = await prometheus.ask(filled(asked, replaced))
            assert 0 < float(half["value"][1]) <= 60
        if title(asked) == "Replacements by rule":
            rules_seen = {
                item["metric"]["rule"]: float(item["value"][1])
                for item in await prometheus.ask(filled(asked, replaced))
            }
            assert rules_seen["max_image_age"] > 0


async def answered(prometheus: RealPrometheus, queries: Sequence[Asked], fleet: str) -> None:
    """Each gives at least one series, now or within some scrapes."""

    async def silent() -> list[str]:
        return [
            f"{asked.where}: {filled(asked, fleet)}"
            for asked in queries
            if not await prometheus.ask(filled(asked, fleet))
        ]

    async def all_answer() -> bool:
        unanswered = await silent()
        assert unanswered == []
        return True

    await eventually(all_answer, within_seconds=20, every_seconds=1)


def title(asked: Asked) -> str:
    return asked.where.partition(": ")[2]


def filled(asked: Asked, fleet: str) -> str:
    return asked.with_values({"job": "repave", "fleet": fleet, "__rate_interval": "30s"})


async def every_rule_can_be_evaluated(prometheus: RealPrometheus) -> None:
    """What a rule compares is there, and by none of them is anybody called."""
    for asked in rules():
        for selector in re.findall(r"repave_\w+(?:\{[^}]*\})?(?:\[\w+\])?", asked.expression):
            assert await prometheus.ask(selector), f"{asked.where}: nothing for {selector}"
        if " unless" not in asked.expression.replace("\n", " ") and "absent" not in asked.expression:
            compared = re.sub(r"(==|>) ", r"\1 bool ", asked.expression)
            found = await prometheus.ask(compared)
            assert {item["value"][1] for item in found} == {"0"}, f"{asked.where}: {found}"
    loaded = await prometheus.rules()
    assert len(loaded) == len(list(rules()))
    assert {(rule["health"], rule["state"]) for rule in loaded} <= {("ok", "inactive"), ("ok", "pending")}


async def that_they_are_gone_is_seen(prometheus: RealPrometheus) -> None:
    """An alert that knew its fleets by their series alone would be silent now."""

    async def pending() -> bool:
        found = await prometheus.ask('ALERTS{alertstate="pending"}')
        names = {(item["metric"]["alertname"], item["metric"].get("sign")) for item in found}
        return {("RepaveDown", None), ("RepaveNotLooking", "gone")} <= names

    await eventually(pending, within_seconds=20, every_seconds=0.5)
