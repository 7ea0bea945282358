"""New Relic's own agent, where a licence key is set: looks as background tasks, and custom events of what was done.

The agent is imported only then. Its hybrid mode is refused: with it the agent puts its own TracerProvider in the place
of everybody else's, and spans of others are lost without a word.
Settings: https://docs.newrelic.com/docs/apm/agents/python-agent/configuration/python-agent-configuration/
"""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

from controller.domain.errors import ConfigError

KEY = "NEW_RELIC_LICENSE_KEY"
CONFIG_FILE = "NEW_RELIC_CONFIG_FILE"
HYBRID = "NEW_RELIC_OPENTELEMETRY_ENABLED"
GROUP = "Repave"

MOST_CHARACTERS = 255
"""Of a custom event's text; the agent cuts or drops what is longer than 255 bytes."""

MOST_ATTRIBUTES = 64

Value = str | int | float | bool


class Agent:
    """The running agent. One per process: the agent is."""

    def __init__(self, agent: Any, application: Any) -> None:
        self._agent = agent
        self._application = application

    @classmethod
    def start(cls, environment: Mapping[str, str]) -> Self | None:
        """Start the agent when a licence key is set; None without one. It connects in a thread of its own.

        Raises ConfigError when its hybrid mode is on, by variable or by its configuration file, or when it cannot read
        its configuration.
        """
        if not environment.get(KEY):
            return None
        _refuse_hybrid(environment.get(HYBRID, "").strip().lower() in ("1", "true", "on", "yes"))
        agent = importlib.import_module("newrelic.agent")
        try:
            agent.initialize(environment.get(CONFIG_FILE) or None)
        except Exception as error:
            raise ConfigError(f"New Relic's agent cannot start: {error}") from error
        settings = agent.global_settings()
        _refuse_hybrid(settings.opentelemetry.enabled)
        # Our logs have a way of their own, with secrets taken out, and no header of ours goes to anybody's API.
        settings.application_logging.enabled = False
        settings.distributed_tracing.enabled = False
        return cls(agent, agent.register_application(timeout=0))

    def background_task(self, name: str, work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        """`work`, each call of it a background task of that name."""
        decorated: Callable[[], Awaitable[Any]] = self._agent.background_task(
            application=self._application, name=name, group=GROUP
        )(work)
        return decorated

    def event(self, kind: str, facts: Mapping[str, Value | None]) -> None:
        """Record a custom event such as `RepaveReplacement`. What is None is left out, long texts are cut."""
        kept = {name: _short(value) for name, value in facts.items() if value is not None}
        parameters = dict(list(kept.items())[:MOST_ATTRIBUTES])
        self._agent.record_custom_event(kind, parameters, application=self._application)

    def stop(self, within_seconds: float) -> None:
        """Send what was collected and end the agent's threads. Blocks for at most so long."""
        self._agent.shutdown_agent(timeout=within_seconds)


def _refuse_hybrid(enabled: bool) -> None:
    if enabled:
        raise ConfigError(
            f"{HYBRID}: the agent's OpenTelemetry hybrid mode discards the traces of replacements; switch it off. "
            "They reach New Relic over OTLP (OTEL_EXPORTER_OTLP_ENDPOINT)"
        )


def _short(value: Value) -> Value:
    return value[:MOST_CHARACTERS] if isinstance(value, str) else value
