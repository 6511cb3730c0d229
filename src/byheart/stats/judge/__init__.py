"""From scores to a verdict: one file per kind of claim."""
