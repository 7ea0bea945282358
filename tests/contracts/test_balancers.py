"""What every balancer has to be: one typed spec per module, options that refuse what they do not know, and the port."""

import importlib
import inspect
import pkgutil

import pytest
from pydantic import BaseModel, ValidationError

import controller.balancers
from controller.balancers import balancers, configurable
from controller.domain.errors import RepaveError
from controller.domain.ports import BalancerSpec, LoadBalancer

NAMES = [info.name for info in pkgutil.iter_modules(controller.balancers.__path__) if not info.name.startswith("_")]
METHODS = [name for name, _ in inspect.getmembers(LoadBalancer, inspect.isfunction) if not name.startswith("_")]


def test_every_public_file_is_found_under_its_own_name() -> None:
    assert sorted(balancers()) == sorted(NAMES)
    assert "target_group" in NAMES


def test_what_platforms_find_by_themselves_is_no_key_of_the_configuration() -> None:
    assert "target_group" not in configurable()


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    spec = balancers()[name]
    assert isinstance(spec, BalancerSpec)
    assert spec.summary.endswith(".")
    assert "\n" not in spec.summary


@pytest.mark.parametrize("name", configurable())
def test_its_options_are_frozen_described_and_refuse_unknown_keys(name: str) -> None:
    options = configurable()[name].options
    assert options is not None
    assert issubclass(options, BaseModel)
    assert options.model_config.get("frozen") is True
    assert options.__doc__
    assert [key for key, field in options.model_fields.items() if not field.description] == []
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", METHODS)
def test_it_answers_every_method_of_the_port(name: str, method: str) -> None:
    build = balancers()[name].build
    built = build if inspect.isclass(build) else inspect.signature(build, eval_str=True).return_annotation
    assert inspect.isclass(built), "annotate what is built with its class, so that this can be checked"
    ours, theirs = getattr(built, method), getattr(LoadBalancer, method)
    assert inspect.iscoroutinefunction(ours)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


def test_a_file_that_is_no_balancer_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("controller.balancers.target_group")
    monkeypatch.setattr(module, "BALANCER", "no")
    with pytest.raises(RepaveError, match="controller.balancers.target_group must define BALANCER as a BalancerSpec"):
        balancers.__wrapped__()
