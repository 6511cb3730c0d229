"""Is a synthetic table a copy?"""
