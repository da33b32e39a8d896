"""`python -m hemodel`."""

from __future__ import annotations

from hemodel.cli import main

main()
