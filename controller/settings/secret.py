"""Secrets are named in the configuration and never written into it."""

from controller.clients.option_types import SecretRef, read_reference

__all__ = ["SecretRef", "read_reference"]
