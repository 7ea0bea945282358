"""Every file in broken/ is refused with exactly the lines in its .expected file, the whole of them at once."""

import re
from pathlib import Path

import pytest

from controller.domain.errors import ConfigError
from controller.settings import load
from controller.settings.problems import Problems, Spot
from tests.settings.fakes import SPECS

FOLDER = Path(__file__).parent / "broken"
FILES = sorted(FOLDER.glob("*.yaml"))
LINE = re.compile(r"[a-z0-9_]+\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S.*[.?]")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_broken_file_is_refused_with_all_its_problems(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file.read_text(), file.name, SPECS)
    expected = file.with_suffix(".expected").read_text().splitlines()
    assert str(caught.value).splitlines() == expected


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_line_of_an_error_names_file_line_and_column(file: Path) -> None:
    for line in file.with_suffix(".expected").read_text().splitlines():
        assert LINE.fullmatch(line)


def test_there_is_a_file_for_every_way_to_be_wrong_and_none_is_forgotten() -> None:
    assert len(FILES) >= 30
    assert {file.stem for file in FILES} == {file.stem for file in FOLDER.glob("*.expected")}


@pytest.mark.parametrize("secret", ["secret_literal", "secret_odd", "state", "api_tokens"])
def test_what_may_be_a_secret_is_not_repeated(secret: str) -> None:
    assert "hunter2" in (FOLDER / f"{secret}.yaml").read_text()
    assert "hunter2" not in (FOLDER / f"{secret}.expected").read_text()


def test_an_error_is_one_printable_line() -> None:
    problems = Problems("odd.yaml")
    problems.add(Spot(1, 1), "two\nlines and \x1b[31m colour." + "!" * 1000)
    with pytest.raises(ConfigError) as caught:
        problems.raise_if_any()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_a_file_with_more_problems_than_anybody_reads_is_cut() -> None:
    text = "version: 1\n" + "".join(f"strange_{number}: 1\n" for number in range(300))
    with pytest.raises(ConfigError) as caught:
        load(text, "many.yaml", SPECS)
    lines = str(caught.value).splitlines()
    assert len(lines) == 101
    assert lines[-1] == "many.yaml: 201 more problems."


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load("#" * (1 << 20) + "\nversion: 1\n", "large.yaml", SPECS)
