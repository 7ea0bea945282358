"""The group has no room for one more instance."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec(
    "no_capacity", "Without room for a successor, the predecessor keeps serving.", check=said_by_platform("no_capacity")
)
