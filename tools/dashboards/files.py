"""Every generated file with its content; written by `__main__`, held to what lies there by a test."""

from tools.dashboards.prometheus_rules import rules
from tools.dashboards.site import Site


def files(site: Site) -> dict[str, str]:
    """Path below the project's root -> text."""
    return {"deploy/alerts/prometheus/repave.rules.yml": rules(site)}
