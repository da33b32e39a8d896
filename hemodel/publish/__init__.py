"""Files that a run writes and what a terminal shows: a module a format."""
