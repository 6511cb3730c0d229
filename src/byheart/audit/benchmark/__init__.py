"""Is a benchmark in the training data of a language model?"""
