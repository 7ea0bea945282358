"""The configuration: from a YAML file to frozen policies, with the line and column of everything that is wrong."""

from controller.settings.address import Listen
from controller.settings.document import policy_from_document
from controller.settings.load import load, text_hash
from controller.settings.problems import Problem
from controller.settings.reading import config_name, decoded, is_remote, read_config
from controller.settings.schema import schema
from controller.settings.secret import SecretRef
from controller.settings.specs import AccessToken, Config, SignedIn, Source, Specs
from controller.settings.state import StateAddress, read_state

__all__ = [
    "AccessToken",
    "Config",
    "Listen",
    "Problem",
    "SecretRef",
    "SignedIn",
    "Source",
    "Specs",
    "StateAddress",
    "config_name",
    "decoded",
    "is_remote",
    "load",
    "policy_from_document",
    "read_config",
    "read_state",
    "schema",
    "text_hash",
]
