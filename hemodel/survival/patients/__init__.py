"""Patient data: Kaplan-Meier, maximum likelihood, and whether hazards are proportional."""
