"""Secrets are named in the configuration and never written into it."""

from controller.clients.option_types import SecretRef

__all__ = ["SecretRef"]
