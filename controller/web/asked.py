"""What the API asks for, and what may be sent to it."""

from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field


class Sent(BaseModel):
    """A part of a request: whatever is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NoQuery(Sent):
    """Nothing may be said in the query."""


class Limited(Sent):
    """How much is wanted."""

    limit: int = Field(default=50, ge=1, le=1000)
    """How many at most, the newest first."""


class OfFleet(Sent):
    """Which part is wanted."""

    fleet: str | None = Field(default=None, max_length=100)
    """Only this fleet."""


class Drawn(Sent):
    """How the drawing is to be."""

    width: int = Field(default=120, ge=40, le=500)
    """In cells."""


class NewHold(Sent):
    """A stop before the next mutating call."""

    target: str = Field(min_length=1, max_length=200)
    """The fleet's name, an instance's id, or `all`."""
    reason: str = Field(min_length=1, max_length=500)
    """Why; it is shown wherever the hold stops something."""
    duration: str | None = Field(default=None, alias="for", max_length=40)
    """How long: 30m, 2h, 1d. Without it: until it is resumed."""


class Why(Sent):
    """A wish."""

    reason: str = Field(min_length=1, max_length=500)
    """Why; it is kept in the trace."""


class PerhapsWhy(Sent):
    """A word to turn back."""

    reason: str = Field(default="", max_length=500)
    """Why; it is kept in the trace."""


class Nothing(Sent):
    """An empty object."""


class Answers(Protocol):
    """Whoever answers: each method gives one JSON document. Raises RepaveError: NotFound for what is not there,
    JournalUnavailable while the journal is away. by: the name of the token."""

    async def fleets(self) -> dict[str, Any]:
        """operations.documents.Fleets."""

    async def instances(self) -> dict[str, Any]:
        """operations.documents.Instances."""

    async def replacements(self, limit: int) -> dict[str, Any]:
        """operations.documents.Replacements."""

    async def replacement(self, replacement_id: str) -> dict[str, Any]:
        """operations.documents.Replacement."""

    async def trace(self, replacement_id: str) -> dict[str, Any]:
        """The document of `repave trace --json`."""

    async def drawing(self, replacement_id: str, width: int) -> dict[str, Any]:
        """operations.documents.Drawing."""

    async def holds(self) -> dict[str, Any]:
        """operations.documents.Holds."""

    async def plan(self, fleet: str | None) -> dict[str, Any]:
        """operations.documents.Plan, from the last look at each fleet."""

    async def why(self, instance_id: str) -> dict[str, Any]:
        """operations.documents.Why, from the last look."""

    async def hold(self, target: str, duration: str | None, reason: str, by: str) -> dict[str, Any]:
        """operations.documents.Hold."""

    async def resume(self, target: str, by: str) -> dict[str, Any]:
        """operations.documents.Resumed."""

    async def requests(self, limit: int) -> dict[str, Any]:
        """operations.documents.Requests."""

    async def approve(self, request_id: str, by: str) -> dict[str, Any]:
        """operations.documents.Request. Raises Conflict."""

    async def abort(self, replacement_id: str, reason: str, by: str) -> dict[str, Any]:
        """operations.documents.Aborted. Raises Conflict."""

    async def replace(self, instance_id: str, reason: str, by: str) -> dict[str, Any]:
        """operations.documents.Request. Raises Conflict."""
