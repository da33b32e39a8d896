"""From analyses to the records that are published."""
