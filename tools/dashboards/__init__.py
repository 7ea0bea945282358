"""Writes deploy/dashboards and deploy/alerts: `python -m tools.dashboards`. See docs/dashboards.md."""
