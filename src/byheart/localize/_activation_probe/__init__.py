"""The parts of `localize/activation_probe`."""
