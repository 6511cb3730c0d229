"""Whom each row has as nearest rows."""
