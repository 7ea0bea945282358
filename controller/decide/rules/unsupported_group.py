"""The group is of a kind in which Repave cannot replace one instance safely."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec(
    "unsupported_group",
    "Groups that cannot be repaved one by one are left alone.",
    check=said_by_platform("unsupported_group"),
)
