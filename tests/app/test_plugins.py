"""Plug-ins are found by themselves, and a file that is none is a clear error."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from controller.app import plugins
from controller.app.plugins import PluginError, found
from controller.decide.rule import RuleSpec

Package = Callable[..., ModuleType]

GOOD = "from controller.decide.rule import RuleSpec\nRULE = RuleSpec({name!r}, 'says no')\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Makes a package `planted` of these modules."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(**modules: str) -> ModuleType:
        folder = tmp_path / "planted"
        folder.mkdir()
        for name, text in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module("planted")

    yield make
    for name in [name for name in sys.modules if name == "planted" or name.startswith("planted.")]:
        del sys.modules[name]


def names_of(folder: str) -> set[str]:
    """The public modules of a folder of the project."""
    here = Path(plugins.__file__).parents[2] / folder
    files = [path for path in here.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    return {path.stem for path in files if not path.name.startswith("_")}


def test_every_file_of_each_folder_is_found() -> None:
    assert set(plugins.platforms()) == names_of("controller/platforms") >= {"asg"}
    assert set(plugins.probes()) == names_of("probes") >= {"image_age", "instance_age", "ec2_status", "target_health"}
    assert {rule.name for rule in plugins.rules()} >= {"protected", "max_in_flight", "blind", "held"}
    assert len(plugins.rules()) == len(names_of("controller/decide/rules"))


def test_a_new_file_is_enough(package: Package) -> None:
    planted = package(one=GOOD.format(name="one"), two=GOOD.format(name="two"), _helper="RULE = None\n")
    assert list(found(planted, "RULE", RuleSpec)) == ["one", "two"]


@pytest.mark.parametrize(
    ("modules", "sentence"),
    [
        ({"empty": ""}, "planted.empty must define RULE as a RuleSpec; it has none"),
        ({"wrong": "RULE = 'no'\n"}, "planted.wrong must define RULE as a RuleSpec; it has a str"),
        (
            {"one": GOOD.format(name="same"), "two": GOOD.format(name="same")},
            "planted.two: RULE needs a name of its own, not 'same'",
        ),
        ({"nameless": GOOD.format(name="")}, "planted.nameless: RULE needs a name of its own, not ''"),
    ],
)
def test_a_file_that_is_no_plugin_is_named(package: Package, modules: dict[str, str], sentence: str) -> None:
    with pytest.raises(PluginError) as told:
        found(package(**modules), "RULE", RuleSpec)
    assert str(told.value) == sentence
