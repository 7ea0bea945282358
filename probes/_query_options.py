"""What the options of every probe that takes a query have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema


class QueryOptions(BaseModel):
    """Options whose `query` may stand alone, as a text, in place of the whole mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, value: Any) -> Any:
        return {"query": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A query alone, or a mapping."""
        whole = handler.resolve_ref_schema(handler(core))
        return {**whole, "type": ["string", "object"]}
