"""Scores and an evaluation plan become results: one module per study design."""
