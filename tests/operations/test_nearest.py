"""A name that is not there: what comes near is named, and never a flood."""

import pytest

from controller.operations.nearest import not_found


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("i-12", ["i-123", "i-124", "i-999"], "no instance 'i-12'; the nearest are i-123, i-124"),
        ("i-0a1c", ["i-0a1b", "i-9999"], "no instance 'i-0a1c'; the nearest is i-0a1b"),
        ("zzz", ["web", "api"], "no instance 'zzz'; there is api, web"),
        ("zzz", [f"i-{n}" for n in range(50)], "no instance 'zzz'"),
        ("", ["web"], "no instance ''; there is web"),
        ("i-1", [], "no instance 'i-1'"),
    ],
)
def test_sentences(name: str, known: list[str], sentence: str) -> None:
    assert str(not_found("instance", name, known)) == sentence
