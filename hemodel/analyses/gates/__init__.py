"""What cannot be in fitted curves, or goes against their evidence, and which input is the likeliest mistake."""
