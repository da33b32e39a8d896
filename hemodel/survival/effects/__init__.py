"""What acts on a survival curve: waning of the treatment effect, then the population's mortality."""
