"""Signals to scores: how memorized is each record? One file per idea."""
