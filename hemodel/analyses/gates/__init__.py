"""What cannot be in fitted curves or does not go with other rows, and which input is the likeliest mistake."""
