"""Does a language model know its training records by heart?"""
