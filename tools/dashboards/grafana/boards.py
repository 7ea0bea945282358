"""The two dashboards: all fleets at a glance, and one fleet from near."""

from typing import Any

from tools.dashboards.grafana import looking, replacing
from tools.dashboards.grafana.chart import Scope
from tools.dashboards.grafana.draw import FLEET_UID, OVERVIEW_UID, board
from tools.dashboards.site import Site


def overview(site: Site) -> dict[str, Any]:
    """All fleets."""
    scope = Scope(site)
    rows = {
        "Is all well?": [*looking.at_a_glance(scope)],
        "Is it looking?": [*looking.looks(scope)],
        "What waits, and why": [*replacing.waiting(scope)],
        "Replacements": [*replacing.outcomes(scope)],
        "What is seen": [*looking.sight(scope)],
        "Budget": [*replacing.budgets(scope)],
        "Age": [*replacing.ages(scope)],
        "Traces on their way": [*replacing.delivery(scope)],
        "Paces": [*looking.paces(scope), *looking.calls(scope)],
    }
    about = "Every fleet that Repave watches: is it looking, has it stopped, what does it replace and why, what waits."
    return board(site, title="Repave: overview", uid=OVERVIEW_UID, about=about, rows=rows, one_fleet=False)


def fleet(site: Site) -> dict[str, Any]:
    """One fleet."""
    scope = Scope(site, one_fleet=True)
    rows = {
        "Is all well?": [*looking.at_a_glance(scope)],
        "What waits, and why": [*replacing.waiting(scope)],
        "What is seen": [*looking.sight(scope)],
        "Replacements": [*replacing.outcomes(scope)],
        "Budget": [*replacing.budgets(scope)],
        "Age": [*replacing.ages(scope)],
        "Looks": [*looking.looks(scope), *looking.paces(scope)],
    }
    about = "One fleet from near. The links above lead to its traces: which replacement, for which evidence."
    return board(site, title="Repave: one fleet", uid=FLEET_UID, about=about, rows=rows, one_fleet=True)
