"""How alike are two texts, and find likenesses among many."""
