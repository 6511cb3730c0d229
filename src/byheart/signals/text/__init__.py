"""What a language model does with each token."""
