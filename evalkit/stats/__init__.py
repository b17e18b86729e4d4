"""Numbers: arrays in, frozen dataclasses out.

No frames, no files, no printing; nothing of evalkit is imported here but errors.
"""
