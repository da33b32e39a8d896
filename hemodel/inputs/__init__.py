"""Reading, checking, changing and writing the inputs of a model."""
