"""Where in the model does it sit? Layers, units, tokens."""
