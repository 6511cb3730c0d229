"""How is it worked out whether a token was said because it is frequent? Counts, ranks, chance, steps, wrong tokens."""
