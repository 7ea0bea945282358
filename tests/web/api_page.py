"""docs/api.md, from the OpenAPI document: `python -m tests.web.api_page > docs/api.md`."""

import sys
from typing import Any

from controller.record.document import TraceDocument
from controller.web.openapi import ABOUT, openapi
from controller.web.routes import PREFIX, routes

HEAD = f"""\
# The HTTP API

Generated from the OpenAPI document (`python -m tests.web.api_page > docs/api.md`), which a daemon serves at
`{PREFIX}/openapi.json`. The shapes of the answers are those of [`--json`](json.md).

    curl -H "Authorization: Bearer $REPAVE_TOKEN" http://127.0.0.1:8080{PREFIX}/fleets
    curl -H "Authorization: Bearer $REPAVE_TOKEN" -H "Content-Type: application/json" \\
        -d '{{"target": "web", "reason": "database migration", "for": "2h"}}' http://127.0.0.1:8080{PREFIX}/holds

## Who may

{ABOUT}

Tokens stand in the configuration (`api.tokens`) as references, each with a name and with what it `may`: `read`, or
`operate`, which includes reading. They have 16 to 512 printable characters; whoever changes something is recorded under
the token's name. They are read when the daemon starts, and
again with its configuration: at SIGHUP, or when that has changed.

With `api.oidc`, an Application Load Balancer's word for who signed in (`x-amzn-oidc-data`) is taken where there is no
`Authorization`; [security.md](security.md#who-signed-in-at-a-load-balancer) says how it is checked. Its session is a
cookie, so what changes something has to come from a page of the same site, by `Sec-Fetch-Site` and `Origin`.

There are no cookies of our own, and no CORS, so no other site's page can read an answer. On a loopback address only
`localhost` and loopback addresses are taken for `Host`, so that no name can be bent to it. Put TLS in front of every
other address.

What is asked for comes from the journal, not from the platform: a page that is loaded every second costs AWS nothing.
Each fleet says when it was looked at (`observed_at`).

## Errors

`application/problem+json` (RFC 9457): `title`, `status`, and one sentence under `detail`; `errors` names the parts of a
request that are wrong, never their values.

## Operations
"""


def page() -> str:
    """The whole page."""
    document = openapi(routes(TraceDocument), "")
    parts = [
        _operation(method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    return HEAD + "".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"\n### {method.upper()} {path}\n", f"{operation['summary']} {operation.get('description', '')}".strip()]
    lines += ["", f"May: {operation['x-repave-may']}. {_answers(operation)}"]
    for parameter in operation.get("parameters", ()):
        default = parameter["schema"].get("default")
        told = f" (default {default})" if default is not None else ""
        lines.append(f"- `{parameter['name']}` in the {parameter['in']}: {parameter['description']}{told}")
    body = operation.get("requestBody")
    if body:
        lines += _body(body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2])
    return "\n".join(lines) + "\n"


def _answers(operation: dict[str, Any]) -> str:
    (good,) = [(status, item) for status, item in operation["responses"].items() if status.startswith("2")]
    ((kind, content),) = good[1]["content"].items()
    names = [content["schema"], *content["schema"].get("anyOf", ())]
    told = " or ".join(f"`{item['$ref'].rpartition('/')[2]}`" for item in names if "$ref" in item)
    others = ", ".join(status for status in operation["responses"] if status != good[0])
    return f"Answers {good[0]} with {told} ({kind}); else {others}."


def _body(name: str) -> list[str]:
    schema = openapi(routes(TraceDocument), "")["components"]["schemas"][name]
    required = schema.get("required", ())
    return [
        f"- `{key}` in the body{'' if key in required else ', if wanted'}: {item['description']}"
        for key, item in schema["properties"].items()
    ]


if __name__ == "__main__":
    sys.stdout.write(page())
