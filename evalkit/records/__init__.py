"""The nouns: what is read from disk as frozen models, and what the flows hand to one another."""
