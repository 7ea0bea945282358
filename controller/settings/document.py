"""A policy as text and back, so that an open replacement keeps the policy it was accepted under.

The text is canonical JSON (sorted keys, no spaces) with every default filled in: two declarations that mean the same
have the same text, and a later version with other defaults still reads what was meant.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from controller.domain.errors import ConfigError
from controller.domain.policy import Above, AnyOf, AtLeast, Begins, Below, Policy, Threshold
from controller.settings.problems import one_line
from controller.settings.specs import Specs

S = TypeVar("S")
_POLICY: TypeAdapter[Policy] = TypeAdapter(Policy)


def sealed(policy: Policy) -> Policy:
    """The policy with its document and the hash of it."""
    document = json.dumps(_encoded(policy), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return replace(policy, document=document, hash=_hash(document))


def policy_from_document(document: str, specs: Specs) -> Policy:
    """The policy that a document was made of, equal to it in every field.

    Raises ConfigError when the document is damaged, or speaks of a platform or probe that is not there any more.
    """
    try:
        return _decoded(json.loads(document), document, specs)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = one_line(_said(error), limit=200)
        raise ConfigError(f"The policy {_hash(document)} cannot be rebuilt from its document: {what}.") from error


def _said(error: Exception) -> str:
    match error:
        case ValidationError():
            return f"{error.error_count()} of its values are wrong"
        case KeyError():
            return f"{error} is missing"
        case _:
            return str(error)


def _known(specs: Mapping[str, S], name: object, what: str) -> S:
    if name not in specs:
        raise ValueError(f"there is no {what} {name!r} any more")
    return specs[str(name)]


def _encoded(policy: Policy) -> dict[str, Any]:
    content: dict[str, Any] = _POLICY.dump_python(policy, mode="json", by_alias=True)
    del content["hash"], content["document"]
    declared = (*policy.conditions, *policy.guards)
    for condition, item in zip(declared, [*content["conditions"], *content["guards"]], strict=True):
        item["threshold"] = _encoded_threshold(condition.threshold)
    return content


def _encoded_threshold(threshold: Threshold) -> dict[str, Any]:
    match threshold:
        case Above(limit):
            return {"above": limit}
        case Below(limit):
            return {"below": limit}
        case AtLeast(limit):
            return {"at_least": limit}
        case AnyOf(words):
            return {"any_of": list(words)}
        case Begins(word):
            return {"begins": word}


def _decoded(content: dict[str, Any], document: str, specs: Specs) -> Policy:
    platform = _known(specs.platforms, content["platform"], "platform")
    content["platform_options"] = _options(platform.options, content["platform_options"])
    content["conditions"] = [_decoded_condition(item, specs) for item in content["conditions"]]
    content["guards"] = [_decoded_condition(item, specs) for item in content.get("guards", ())]
    policy = _POLICY.validate_python(content)
    return replace(policy, document=document, hash=_hash(document))


def _decoded_condition(item: dict[str, Any], specs: Specs) -> dict[str, Any]:
    ((kind, limit),) = item["threshold"].items()
    options = _options(_known(specs.probes, item["probe"], "probe").options, item["options"])
    return {**item, "threshold": _decoded_threshold(kind, limit), "options": options}


def _decoded_threshold(kind: str, limit: Any) -> Threshold:
    match kind:
        case "above":
            return Above(float(limit))
        case "below":
            return Below(float(limit))
        case "at_least":
            return AtLeast(float(limit))
        case "any_of":
            return AnyOf(tuple(limit))
        case "begins":
            return Begins(str(limit))
        case _:
            raise ValueError(f"unknown threshold {kind}")


def _options(model: type[BaseModel], content: object) -> BaseModel | None:
    return None if content is None else model.model_validate(content)


def _hash(document: str) -> str:
    return sha256(document.encode()).hexdigest()[:12]
