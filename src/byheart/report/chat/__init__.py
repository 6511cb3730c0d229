"""The page of a chat audit."""
