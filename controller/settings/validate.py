"""From pydantic's findings to sentences with a place in the file."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.settings.located import Located, Path
from controller.settings.models import keys_of
from controller.settings.problems import Problems, did_you_mean, listed, quoted

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], located: Located, problems: Problems, prefix: str = "") -> M | None:
    """The model of what stands there, or None when problems were noted.

    prefix: what to call the whole of it where no key does (`fleet 'web'`).
    """
    try:
        return model.model_validate(located.plain())
    except ValidationError as error:
        for item in error.errors(include_url=False):
            _note(item, model, located, problems, prefix)
        return None


def _note(item: ErrorDetails, model: type[BaseModel], located: Located, problems: Problems, prefix: str) -> None:
    path, kind = item["loc"], item["type"]
    target = located.find(path)
    if kind == "missing":
        problems.add(located.find(path[:-1]).spot, f"{quoted(path[-1])} is missing.")
    elif kind == "extra_forbidden":
        unknown_key(path[-1], target, keys_of(_model_at(model, path[:-1])), problems)
    elif item["input"] is None:
        problems.add(target.spot, f"{_called(path, prefix)} has no value.")
    else:
        problems.add(target.spot, f"{_called(path, prefix)} {_wrong(item)}")


def unknown_key(key: object, found: Located, known: tuple[str, ...], problems: Problems) -> None:
    """Note a key that nobody knows, with the nearest known one, or with all of them."""
    help_ = did_you_mean(key, known) or f" Known here: {listed(known)}."
    problems.add(found.key_at or found.at, f"unknown key {quoted(key)}.{help_}")


def _called(path: Path, prefix: str) -> str:
    names = [step for step in path if isinstance(step, str)]
    name = quoted(names[-1]) if names else prefix or "the file"
    return f"an item of {name}" if path and isinstance(path[-1], int) else name


_MUST_BE: Mapping[str, str] = {
    "string_type": "text; put it in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "mapping_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}


def _at_least(number: int, what: str) -> str:
    return "must not be empty" if number == 1 else f"must have at least {number} {what}"


_WITH_NUMBERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda facts: f"must be more than {facts['gt']}",
    "greater_than_equal": lambda facts: f"must be at least {facts['ge']}",
    "less_than": lambda facts: f"must be less than {facts['lt']}",
    "less_than_equal": lambda facts: f"must be at most {facts['le']}",
    "too_short": lambda facts: _at_least(facts["min_length"], "items"),
    "string_too_short": lambda facts: _at_least(facts["min_length"], "characters"),
    "string_too_long": lambda facts: f"must have at most {facts['max_length']} characters",
}


def _wrong(item: ErrorDetails) -> str:
    kind, facts = item["type"], item.get("ctx", {})
    if kind in _MUST_BE:
        return f"must be {_MUST_BE[kind]}."
    if kind == "expected":
        return f"{facts['phrase']}.{facts['near']}"
    if kind in _WITH_NUMBERS:
        return f"{_WITH_NUMBERS[kind](facts)}."
    if kind in ("enum", "literal_error"):
        words = re.findall(r"'([^']*)'", facts["expected"])
        return f"must be {facts['expected']}.{did_you_mean(item['input'], words)}"
    message = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")
    return f"cannot be used: {message}."


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that describes the mapping at the path, as far as it can be told."""
    here: type[BaseModel] | None = model
    for step in path:
        if here is not None and isinstance(step, str):
            fields = {field.alias or name: field for name, field in here.model_fields.items()}
            here = _model_in(fields[step].annotation) if step in fields else None
    return here


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model that an annotation such as `Model | None` or `tuple[Model, ...]` speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
