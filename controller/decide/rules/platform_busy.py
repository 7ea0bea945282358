"""The platform is in the middle of something that replacing would collide with."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec(
    "platform_busy",
    "Nothing is replaced while the platform is busy with the group.",
    check=said_by_platform("platform_busy"),
)
