"""What every record that is published has in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema, WithJsonSchema
from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


class Entry(BaseModel):
    """A frozen entry with exactly the fields it names; a number that is not finite is null."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


def finite(value: float | None) -> float | None:
    """Return a number, or None where it is infinite or does not exist."""
    return value if value is not None and math.isfinite(value) else None


def listed(values: NDArray[Any]) -> list[Any]:
    """Return an array as a list, or a list of lists, with None for what is not finite."""
    if values.ndim > 1:
        return [listed(row) for row in values]
    return [finite(value) if isinstance(value, float) else value for value in values.tolist()]


def _array(_source: Any, _handler: Any) -> CoreSchema:
    written = core_schema.plain_serializer_function_ser_schema(listed, when_used="json")
    return core_schema.is_instance_schema(np.ndarray, serialization=written)


_NUMBER: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "null"}]}
_LIST: dict[str, Any] = {"type": "array", "items": _NUMBER}

Real = Annotated[float, WithJsonSchema(_NUMBER)]
"""A number that may be infinite or not exist, and is then null in JSON."""
Numbers = Annotated[NDArray[np.float64], GetPydanticSchema(_array), WithJsonSchema(_LIST)]
"""An array (n,); in JSON a list."""
Matrix = Annotated[NDArray[np.float64], GetPydanticSchema(_array), WithJsonSchema({"type": "array", "items": _LIST})]
"""An array (n, m); in JSON a list of rows."""


class FileEntry(Entry):
    """A file that was read."""

    name: str = Field(description="without its folder")
    sha256: str = Field(description="of its bytes")
