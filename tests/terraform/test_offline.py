"""The provider's schema comes from the package that was pinned, and from no other."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.project import ROOT

FOLDER = ROOT / "tools" / "terraform_offline"
DECLARED = """
export interface ThingConfig extends cdktf.TerraformMetaArguments {
    readonly size: number;
    readonly zoneNames?: string[];
    readonly network: ThingNetwork;
}
export interface ThingNetwork {
    readonly subnets: string[];
}
export declare class Thing extends cdktf.TerraformResource {
    get arn(): string;
    get size(): number;
    get sizeInput(): number | undefined;
}
"""
GENERATED = """
function thingNetworkToHclTerraform(struct) {
    const attrs = {
        subnets: {
            value: cdktf.listMapperHcl(cdktf.stringToHclTerraform, false)(struct.subnets),
            isBlock: false,
            type: "set",
            storageClassType: "stringList",
        },
    };
}
    synthesizeHclAttributes() {
        const attrs = {
            size: {
                value: cdktf.numberToHclTerraform(this._size),
                isBlock: false,
                type: "simple",
                storageClassType: "number",
            },
            zone_names: {
                value: cdktf.listMapperHcl(cdktf.stringToHclTerraform, false)(this._zoneNames),
                isBlock: false,
                type: "list",
                storageClassType: "stringList",
            },
            network: {
                value: thingNetworkToHclTerraform(this._network.internalValue),
                isBlock: true,
                type: "list",
                storageClassType: "ThingNetworkList",
            },
        };
"""


def load(name: str) -> ModuleType:
    spec = spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/terraform_offline/package.py with a cache of its own."""
    monkeypatch.setitem(sys.modules, "schema", load("schema"))
    module = load("package")
    monkeypatch.delitem(sys.modules, "package")
    monkeypatch.setattr(module, "CACHE", tmp_path)
    return module


def test_another_package_than_the_pinned_one_is_refused_and_not_kept(package: ModuleType, tmp_path: Path) -> None:
    place = tmp_path / package.VERSION / "package.tgz"
    place.parent.mkdir()
    place.write_bytes(b"something else")
    with pytest.raises(SystemExit, match="is not what was pinned"):
        package.tarball()
    assert not place.exists()


def test_without_npm_it_is_named(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="apt-get install npm"):
        package.tarball()


def test_a_binding_is_read_as_the_provider_has_it(package: ModuleType) -> None:
    found = package.Binding(GENERATED, DECLARED).schema()
    assert found["attributes"] == {
        "size": {"type": "number", "required": True},
        "zone_names": {"type": ["list", "string"], "optional": True},
        "arn": {"type": "string", "computed": True},
    }
    network = found["blocks"]["network"]
    assert (network["nesting"], network["min"], network["max"]) == ("list", 1, 1)
    assert network["block"]["attributes"] == {"subnets": {"type": ["set", "string"], "required": True}}


def test_the_readme_says_which_version_was_read(package: ModuleType) -> None:
    text = (ROOT / "deploy" / "terraform" / "README.md").read_text(encoding="utf-8")
    assert f"version {package.PROVIDER_VERSION} of the AWS provider" in " ".join(text.split())
