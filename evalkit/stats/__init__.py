"""Numbers: arrays in, frozen dataclasses out. No frames, no files, no printing; imports nothing of evalkit but errors."""
