"""Why this record? Duplication, rarity, the source of each token."""
