"""Another controller owns this group."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec(
    "managed_elsewhere", "Groups of another controller are left to it.", check=said_by_platform("managed_elsewhere")
)
