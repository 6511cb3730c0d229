"""The page of a table audit."""
