"""What a fleet's `asg:` may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from controller.platforms.asg import PLATFORM
from controller.platforms.asg.options import AsgOptions


@pytest.mark.parametrize(
    ("given", "wanted"),
    [({"name": "web"}, "named web"), ({"tags": {"fleet": "web", "env": "prod"}}, "tagged env=prod fleet=web")],
)
def test_groups_go_by_name_or_by_tags(given: dict[str, Any], wanted: str) -> None:
    assert AsgOptions(**given).wanted == wanted


def test_region_and_role_are_the_scope_of_every_call() -> None:
    role = "arn:aws:iam::123456789012:role/repave"
    scope = AsgOptions(name="web", region="eu-west-1", role_arn=role, external_id="repave/7").scope
    assert (scope.region, scope.role_arn, scope.external_id) == ("eu-west-1", role, "repave/7")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": "web", "tags": {"fleet": "web"}},
        {"name": ""},
        {"tags": {}},
        {"tags": {"fleet": ""}},
        {"name": "web", "region": "Ireland"},
        {"name": "web", "role_arn": "repave"},
        {"name": "web", "zone": "a"},
        {"name": "web", "launch": "set_desired"},
        {"name": "web", "external_id": "without-a-role"},
        {"name": "web", "role_arn": "arn:aws:iam::123456789012:role/repave", "external_id": "not allowed"},
    ],
)
def test_anything_else_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PLATFORM.options(**wrong)
