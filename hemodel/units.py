"""Units of time: the only conversions in the package.

Curves are in months; schedules are in days; discounting is in years.
"""

from __future__ import annotations

DAYS_PER_YEAR = 365.25
MONTHS_PER_YEAR = 12.0
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR
