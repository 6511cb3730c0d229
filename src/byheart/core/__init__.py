"""The nouns and the labels: corpus, signals, scores, findings, verdict, edit, card, errors."""
