"""New Relic's dashboards and alerts, as variables of NerdGraph's mutations.

Spans (our traces over OTLP) and custom events of its agent are asked. What each carries: controller/record/names.py,
controller/app/custom_events.py and controller/record/state.py.
"""
