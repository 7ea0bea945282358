"""Which configuration is in force in this process, since when, and whether a newer one was refused."""

from datetime import datetime
from typing import Any

from controller.decide.explain import isoformat
from controller.domain.model import Declared
from controller.settings import Config


class Live:
    """The configuration of a running daemon. It changes at a reload, so that whoever needs it asks each time.

    loaded_at: None where no daemon runs. refused_at: since when a newer one is refused; `refusal`: why, one line per
    problem.
    """

    def __init__(self, config: Config, loaded_at: datetime | None = None) -> None:
        self.config = config
        self.loaded_at = loaded_at
        self.refused_at: datetime | None = None
        self.refusal: tuple[str, ...] = ()

    def take(self, config: Config, at: datetime) -> None:
        """From now on this one is in force."""
        self.config, self.loaded_at = config, at
        self.refused_at, self.refusal = None, ()

    def refuse(self, problems: tuple[str, ...], at: datetime) -> None:
        """A newer one cannot be used; what was in force stays."""
        self.refused_at = self.refused_at or at
        self.refusal = problems

    def declared(self) -> Declared:
        """What traces say of the configuration in force."""
        return Declared(self.config.hash, self.config.version)

    def sentence(self) -> str:
        """For people, after `ready: `."""
        if self.refused_at is None:
            return "configuration and journal are good"
        count = len(self.refusal)
        told = f"{count} problem{'' if count == 1 else 's'}, the log has them"
        return (
            f"the journal is good; the configuration is refused since {isoformat(self.refused_at)} ({told}), "
            f"the one of {isoformat(self.loaded_at)} stays in force"
        )

    def document(self) -> dict[str, Any]:
        """operations.documents.Configuration."""
        return {
            "hash": self.config.hash,
            "version": self.config.version or None,
            "loaded_at": isoformat(self.loaded_at),
            "refused_at": isoformat(self.refused_at),
        }
