"""The environment variables that Repave reads, with their defaults and meanings. A test holds them against the code."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

NAME = re.compile(r"(?:REPAVE|OTEL|NEW_RELIC|AWS|ECS|PG|NO)_?[A-Z][A-Z0-9_]*[A-Z0-9]")

VARIABLES: Mapping[str, tuple[str, str]] = {
    "REPAVE_CONFIG": ("`./repave.yaml`", "The configuration file, where no `-c` is given."),
    "REPAVE_URL": ("", "The daemon that `get`, `trace`, `hold`, `resume`, `approve`, `abort` and `replace` ask."),
    "REPAVE_TOKEN": ("", "The access token for it. Never shown."),
    "REPAVE_HEALTH_URL": ("`http://127.0.0.1:8080/healthz`", "The daemon that `repave health` asks."),
    "REPAVE_LOG_LEVEL": ("`info`", "`debug`, `info`, `warning` or `error`: how much the daemon logs."),
    "REPAVE_DEBUG": ("", "`1`: an error of a command shows where in the program it came from."),
    "REPAVE_INSTANCE_ID": (
        "",
        "The instance or container that the daemon runs on, where it cannot find out by itself.",
    ),
    "REPAVE_AWS_REQUEST_SHARE": ("`0.5`", "Which share of AWS's request quotas reads may take, above 0 up to 1."),
    "OTEL_EXPORTER_OTLP_ENDPOINT": (
        "",
        "Where traces go, over OTLP/HTTP; `/v1/traces` is appended. Unset: they are not sent.",
    ),
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ("", "The same for traces alone, taken as it is."),
    "OTEL_EXPORTER_OTLP_HEADERS": ("", "Headers of what is sent, `key=value,key=value`; may hold keys, never shown."),
    "OTEL_EXPORTER_OTLP_TIMEOUT": ("`10000`", "Milliseconds that one delivery may take."),
    "OTEL_EXPORTER_OTLP_PROTOCOL": ("`http/protobuf`", "Nothing else is spoken."),
    "OTEL_SERVICE_NAME": ("`repave`", "Who sends. The same for all replicas."),
    "OTEL_RESOURCE_ATTRIBUTES": ("", "More about who sends, `key=value,key=value`. The same for all replicas."),
    "NEW_RELIC_LICENSE_KEY": ("", "Set: New Relic's agent runs in the daemon."),
    "NEW_RELIC_CONFIG_FILE": ("", "The agent's own file."),
    "NEW_RELIC_OPENTELEMETRY_ENABLED": (
        "",
        "Must not be on: it would discard the traces of replacements. The daemon refuses it.",
    ),
    "NO_COLOR": ("", "Set: no colours, on a terminal neither."),
    "AWS_REGION": ("", "The region of fleets that name none."),
    "AWS_ENDPOINT_URL": ("", "Another address for every AWS API: a proxy, an emulator."),
    "ECS_CONTAINER_METADATA_URI_V4": (
        "",
        "Set by the agent of Amazon ECS: acting with a journal on the task's own disk is refused.",
    ),
    "ECS_CONTAINER_METADATA_URI": ("", "The same, of older agents."),
    "AWS_EXECUTION_ENV": ("", "The same, where it begins with `AWS_ECS`."),
    "SSL_CERT_FILE": ("", "The certificate authorities that `repave` trusts when it asks a daemon at `REPAVE_URL`."),
}

VALUES = {"AWS_ECS"}
"""Values, not names: what a variable's content is compared with."""


def named_in(root: Path) -> Iterator[tuple[str, str]]:
    """Each name of a variable that stands as a whole string in the shipped code, the demo's own aside, and where."""
    for path in sorted((*(root / "controller").rglob("*.py"), *(root / "probes").rglob("*.py"))):
        if "demo" in path.relative_to(root).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                yield node.value, f"{path.relative_to(root)}:{node.lineno}"
