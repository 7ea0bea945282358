"""Grafana's dashboards, built with the types that Grafana publishes (grafana-foundation-sdk)."""
