"""What does a chat model give back of our articles?"""
