"""How alike are two rows of a table?"""
