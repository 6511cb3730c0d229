"""One adapter per model family. The only home of transformers and peft."""
