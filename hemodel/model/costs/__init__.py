"""Costs by category: unit values times what patients go through."""
