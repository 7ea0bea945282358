"""Whether every package that a release needs may be used: tools/licences.toml says which licences may, and why."""

import re
from collections.abc import Iterable, Mapping
from typing import Any


def problems(components: Iterable[Mapping[str, Any]], allowed: Mapping[str, Any]) -> list[str]:
    """One sentence for each package whose licence is not allowed, and for each exception that nobody needs.

    components: of a CycloneDX document. allowed: `licences` maps an identifier to the reason why it may be used;
    `packages` maps a package to its `licence` and the `reason` why it may be used, where the first list has it not.
    """
    found, used = [], set()
    for component in sorted(components, key=lambda one: str(one["name"]).lower()):
        name = re.sub(r"[-_.]+", "-", str(component["name"])).lower()
        said = declared(component)
        exception = allowed["packages"].get(name)
        if exception is not None and exception["licence"] == said:
            used.add(name)
        elif exception is not None:
            found.append(f"{name}: tools/licences.toml has it under {exception['licence']!r}, and it declares {said!r}")
        elif not said:
            found.append(
                f"{name} declares no licence that could be read: look it up, and say so in tools/licences.toml"
            )
        elif not _may(said, allowed["licences"]):
            found.append(f"{name} is under {said}, which tools/licences.toml does not allow")
    found += [
        f"tools/licences.toml: no package {name} needs an exception" for name in allowed["packages"].keys() - used
    ]
    found += [
        f"tools/licences.toml: {name} has no reason"
        for name, entry in {**allowed["licences"], **allowed["packages"]}.items()
        if not str(entry["reason"] if isinstance(entry, Mapping) else entry).strip()
    ]
    return found


def declared(component: Mapping[str, Any]) -> str:
    """What a package says of its licence, as one expression: several said apart hold together."""
    words = [
        one.get("expression") or one["license"].get("id") or _classifier(one["license"].get("name", ""))
        for one in component.get("licenses", ())
    ]
    return " AND ".join(dict.fromkeys(f"({word})" if " OR " in word else word for word in words if word))


def _classifier(name: str) -> str:
    return name.rpartition(":: ")[2]


def _may(expression: str, allowed: Mapping[str, str]) -> bool:
    """Whether it may be used under it: each of what AND joins, any of what OR joins."""
    parts = re.split(r" AND (?![^(]*\))", expression)
    if len(parts) > 1:
        return all(_may(part, allowed) for part in parts)
    inner = expression.removeprefix("(").removesuffix(")") if expression.startswith("(") else expression
    if " OR " in inner or inner != expression:
        return any(_may(part, allowed) for part in re.split(r" OR (?![^(]*\))", inner))
    return expression in allowed
