"""The page of a text audit."""
