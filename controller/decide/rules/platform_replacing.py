"""The platform itself is about to replace this instance."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec(
    "platform_replacing",
    "An instance that its platform replaces is left to it.",
    check=said_by_platform("platform_replacing"),
)
