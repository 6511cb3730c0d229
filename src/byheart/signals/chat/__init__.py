"""What a chat model was asked, and what it answered."""
