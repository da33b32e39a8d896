"""The records that are published: the shape of every JSON file."""
