"""Variables of NerdGraph's dashboardCreate."""

from typing import Any

from tools.dashboards.newrelic.widgets import Page, Widget, pages
from tools.dashboards.site import Site

COLUMNS, HEIGHT = 12, 3
ANY = "%"


def dashboard(site: Site) -> dict[str, Any]:
    """One dashboard with a variable for the fleet; `%` is every fleet."""
    fleet = {
        "name": "fleet",
        "title": "Fleet",
        "type": "NRQL",
        "replacementStrategy": "STRING",
        "isMultiSelection": False,
        "defaultValues": [{"value": {"string": ANY}}],
        "nrqlQuery": {"accountIds": [site.account], "query": "SELECT uniques(fleet) FROM RepaveFleet SINCE 1 day ago"},
    }
    return {
        "accountId": site.account,
        "dashboard": {
            "name": "Repave",
            "description": "What Repave looks at, replaces, and leaves alone, and why.",
            "permissions": "PUBLIC_READ_ONLY",
            "pages": [_page(site, page) for page in pages()],
            "variables": [fleet],
        },
    }


def _page(site: Site, page: Page) -> dict[str, Any]:
    drawn, column, row = [], 1, 1
    for widget in page.widgets:
        if column + widget.width > COLUMNS + 1:
            column, row = 1, row + HEIGHT
        drawn.append(_widget(site, widget, column, row))
        column += widget.width
    return {"name": page.name, "description": page.about, "widgets": drawn}


def _widget(site: Site, widget: Widget, column: int, row: int) -> dict[str, Any]:
    asked = [{"accountId": site.account, "query": widget.query}]
    return {
        "title": widget.title,
        "layout": {"column": column, "row": row, "width": widget.width, "height": HEIGHT},
        "configuration": {widget.shape: {"nrqlQueries": asked}},
    }
