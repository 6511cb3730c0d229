"""Does a cure work, and what does it cost?"""
