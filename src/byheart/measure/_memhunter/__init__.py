"""The parts of `measure/memhunter`."""
