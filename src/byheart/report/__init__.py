"""Verdicts to pages: HTML, markdown, evidence annex, JUnit."""
