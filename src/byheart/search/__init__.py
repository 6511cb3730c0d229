"""Drivers that steer a model within a budget, to find prompts that bring out what it knows."""
