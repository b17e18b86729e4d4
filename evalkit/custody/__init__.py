"""Keeping data: the release that analyses read."""
