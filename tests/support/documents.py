"""Whether a document has keys that its model does not name."""

from pydantic import BaseModel


def undeclared(part: object, path: str = "") -> list[str]:
    """The paths of keys that no model declares; what is free-form in the model is free."""
    if isinstance(part, BaseModel):
        extra = [f"{path}.{key}" for key in part.model_extra or {}]
        inner = [undeclared(getattr(part, name), f"{path}.{name}") for name in type(part).model_fields]
        return extra + [found for items in inner for found in items]
    if isinstance(part, list | tuple):
        return [found for item in part for found in undeclared(item, f"{path}[]")]
    return []
