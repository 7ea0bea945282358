"""Somebody protected this instance, or put it aside."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec("protected", "Protected and standby instances are left alone.", check=said_by_platform("protected"))
