"""Where the configuration comes from."""

from pathlib import Path

import pytest

from controller.domain.errors import ConfigError
from controller.settings import read_config


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_option_comes_first_then_the_environment_then_the_folder(folder: Path) -> None:
    for name in ("option", "environment", "repave"):
        (folder / f"{name}.yaml").write_text(name)
    environ = {"REPAVE_CONFIG": "environment.yaml"}
    assert read_config("option.yaml", environ) == ("option", "option.yaml")
    assert read_config(None, environ) == ("environment", "environment.yaml")
    assert read_config(None, {"REPAVE_CONFIG": ""}) == ("repave", "repave.yaml")


@pytest.mark.parametrize(
    ("reference", "environ", "message"),
    [
        ("gone.yaml", {"REPAVE_CONFIG": "other.yaml"}, "gone.yaml: there is no such file; name another with -c."),
        (None, {"REPAVE_CONFIG": "gone.yaml"}, "gone.yaml: there is no such file; REPAVE_CONFIG names it."),
        (None, {}, "There is no ./repave.yaml; name a configuration with -c or REPAVE_CONFIG"),
        (".", {}, "'.': the configuration cannot be read: Is a directory."),
        ("nul\0l", {}, r"'nul\x00l': the configuration cannot be read: "),
    ],
)
def test_a_file_that_is_not_there_is_one_line_with_the_remedy(
    reference: str | None, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(reference, environ)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_what_is_not_utf_8_is_named_with_its_place(folder: Path) -> None:
    (folder / "repave.yaml").write_bytes(b"version: 1\nname: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"^repave\.yaml:2:10: the file is not UTF-8 text\.$"):
        read_config(None, {})


def test_a_byte_order_mark_is_no_part_of_the_text(folder: Path) -> None:
    (folder / "repave.yaml").write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert read_config(None, {}) == ("version: 1\n", "repave.yaml")


def test_no_more_than_a_mebibyte_is_read(folder: Path) -> None:
    (folder / "repave.yaml").write_bytes(b"#" * (1 << 20))
    assert len(read_config(None, {})[0]) == 1 << 20
    (folder / "repave.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read_config(None, {})
