"""Tables and charts of the evidence pack."""
