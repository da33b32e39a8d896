"""What every record that is published has in common."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """A frozen entry with exactly the fields it names; a number that is not finite is null."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


def finite(value: float) -> float | None:
    """Return a number, or None where it is infinite or does not exist."""
    return value if math.isfinite(value) else None
