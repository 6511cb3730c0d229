"""The page of chains of reasoning."""
