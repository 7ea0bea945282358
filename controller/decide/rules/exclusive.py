"""An instance that has what a second one cannot have beside it: a fixed address, a host port, another's network."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec(
    "exclusive",
    "Instances that no second one can stand beside are left alone.",
    check=said_by_platform("exclusive"),
)
