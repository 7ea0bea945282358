"""Each configuration that a page shows is one that Repave takes without a warning; each fragment fits its place."""

import pytest

from controller.app.configuration import specs
from controller.settings import load
from tests.docs.pages import Block, fenced, pages

BLOCKS = [block for page in pages() for block in fenced(page) if block.language in ("yaml", "yml")]
WHOLE = [block for block in BLOCKS if "version: 1" in block.text.splitlines()]
RULES = [block for block in BLOCKS if block.text.startswith("- {name:") or block.text.startswith("- name:")]
SOURCES = [block for block in BLOCKS if block.text.startswith("telemetry:")]
OTHERS = [block for block in BLOCKS if block not in (*WHOLE, *RULES, *SOURCES)]
FOREIGN = ("scrape_configs:", "services:")
"""How the files of other programs begin: Prometheus, Compose."""

TELEMETRY = """\
telemetry:
  prometheus: {url: "http://prometheus:9090"}
  new_relic: {account: 1, api_key: {env: KEY}}
"""


def of_a_fleet(rules: str, platform: str) -> str:
    lines = "".join(f"      {line}\n" for line in rules.splitlines())
    return f"fleets:\n  web:\n    {platform}\n    degraded_when:\n{lines}"


def test_the_pages_are_seen() -> None:
    assert len(WHOLE) >= 7
    assert len(RULES) >= 5
    assert {block.page for block in WHOLE} >= {"README.md", "docs/quick_start.md", "docs/migration/watchtower.md"}


@pytest.mark.parametrize("block", WHOLE, ids=str)
def test_a_whole_configuration_is_good(block: Block) -> None:
    assert load(block.text, str(block), specs()).warnings == ()


@pytest.mark.parametrize("block", RULES, ids=str)
def test_rules_are_taken(block: Block) -> None:
    platform = "docker: {label: fleet=web}" if "docker_" in block.text else "asg: {name: web, region: eu-west-1}"
    load(f"version: 1\n{TELEMETRY}{of_a_fleet(block.text, platform)}", str(block), specs())


@pytest.mark.parametrize("block", SOURCES, ids=str)
def test_telemetry_sources_are_taken_with_the_rules_below_them(block: Block) -> None:
    sources, _, rules = block.text.partition("# ...\n")
    rules = rules or "- {name: failing checks, target_health: {}}\n"
    load(f"version: 1\n{sources}{of_a_fleet(rules, 'asg: {name: web, region: eu-west-1}')}", str(block), specs())


def test_no_block_goes_unchecked() -> None:
    """A configuration that is neither whole, nor one of the fragments above, nor another program's."""
    assert [str(block) for block in OTHERS if not block.text.startswith(FOREIGN)] == []
