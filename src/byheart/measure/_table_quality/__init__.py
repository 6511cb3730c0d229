"""How good is a synthetic table beside the real one?"""
