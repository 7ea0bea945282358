"""What every platform has to be: one typed spec per module, and options that refuse what they do not know."""

import importlib
import inspect
import pkgutil

import pytest
from pydantic import BaseModel, ValidationError

import controller.platforms
from controller.domain.ports import Platform, PlatformSpec

NAMES = [info.name for info in pkgutil.iter_modules(controller.platforms.__path__) if not info.name.startswith("_")]
METHODS = [name for name, _ in inspect.getmembers(Platform, inspect.isfunction) if not name.startswith("_")]


def spec_of(name: str) -> PlatformSpec:
    spec = importlib.import_module(f"controller.platforms.{name}").PLATFORM
    assert isinstance(spec, PlatformSpec)
    return spec


def test_there_are_platforms() -> None:
    assert "asg" in NAMES


def test_their_names_differ() -> None:
    assert len({spec_of(name).name for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_platform_is_named_like_its_module_and_says_what_it_is(name: str) -> None:
    spec = spec_of(name)
    assert spec.name == name
    assert spec.summary.endswith(".")
    assert "\n" not in spec.summary


@pytest.mark.parametrize("name", NAMES)
def test_its_options_are_frozen_and_refuse_unknown_keys(name: str) -> None:
    options = spec_of(name).options
    assert issubclass(options, BaseModel)
    assert options.model_config.get("frozen") is True
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize("name", NAMES)
def test_its_options_are_described_for_the_schema(name: str) -> None:
    options = spec_of(name).options
    assert options.__doc__
    assert [key for key, field in options.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", METHODS)
def test_it_builds_what_answers_every_method_of_the_port(name: str, method: str) -> None:
    built = spec_of(name).build
    assert inspect.isclass(built), "name the class, so that this can be checked"
    ours = getattr(built, method)
    theirs = getattr(Platform, method)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
