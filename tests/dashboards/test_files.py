"""What lies in deploy/dashboards and deploy/alerts is what the tools write."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT
from tools.dashboards.files import files
from tools.dashboards.site import Site

WRITTEN = files(Site())
BY_HAND = {
    "deploy/alerts/prometheus/repave.test.yml",
    "deploy/alerts/newrelic/create_policy.graphql",
    "deploy/alerts/newrelic/create_condition.graphql",
    "deploy/dashboards/newrelic/create.graphql",
}


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_file_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == WRITTEN[name], "run `.venv/bin/python -m tools.dashboards`"


def test_nothing_lies_there_that_nobody_writes() -> None:
    folders = (ROOT / "deploy/dashboards", ROOT / "deploy/alerts")
    there = {path.relative_to(ROOT).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert there == WRITTEN.keys() | BY_HAND


def test_the_command_writes_them_where_it_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.dashboards", "--into", str(tmp_path), "--account", "1234567"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    wanted = files(Site(account=1234567))
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in wanted} == wanted
    assert len(done.stdout.splitlines()) == len(wanted)


def test_a_place_of_its_own_has_its_runbook_and_its_labels() -> None:
    written = files(Site("RUNBOOK", ("job", "cluster"), 1234567))
    rules = written["deploy/alerts/prometheus/repave.rules.yml"]
    assert "runbook_url: RUNBOOK#repavestuck" in rules
    assert "max by (job, cluster, fleet) (repave_replacement_open_age_seconds) > 3600" in rules
    assert "docs/runbook.md" not in rules
    assert '"accountId": 1234567' in written["deploy/dashboards/newrelic/repave.json"]
    assert '"runbookUrl": "RUNBOOK#repavedown"' in written["deploy/alerts/newrelic/RepaveDown.json"]
    assert Path(Site().runbook).parts[0] == "docs"
