"""Every generated file with its content; written by `__main__`, held to what lies there by a test."""

import json
from typing import Any

from tools.dashboards.grafana.boards import fleet, overview
from tools.dashboards.newrelic.conditions import Condition, condition, conditions, policy
from tools.dashboards.newrelic.dashboard import dashboard
from tools.dashboards.prometheus_rules import rules
from tools.dashboards.site import Site


def files(site: Site) -> dict[str, str]:
    """Path below the project's root -> text."""
    return {
        "deploy/alerts/prometheus/repave.rules.yml": rules(site),
        "deploy/dashboards/grafana/overview.json": as_json(overview(site)),
        "deploy/dashboards/grafana/fleet.json": as_json(fleet(site)),
        "deploy/dashboards/newrelic/repave.json": as_json(dashboard(site)),
        "deploy/alerts/newrelic/policy.json": as_json(policy(site)),
        **{f"deploy/alerts/newrelic/{_name_of(one)}.json": as_json(condition(site, one)) for one in conditions()},
    }


def _name_of(wanted: Condition) -> str:
    return f"{wanted.name}-{wanted.sign}" if wanted.sign else wanted.name


def as_json(document: dict[str, Any]) -> str:
    """As people read it, and ended by a line break."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
