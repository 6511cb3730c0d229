"""Do chains of reasoning follow the training data?"""
