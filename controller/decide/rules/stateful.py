"""An instance that keeps data of its own: replacing it would lose, or orphan, what it keeps."""

from controller.decide.rule import RuleSpec, said_by_platform

RULE = RuleSpec("stateful", "Instances that keep data of their own are left alone.", check=said_by_platform("stateful"))
