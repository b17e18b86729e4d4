"""Confirmatory factor models: maximum likelihood, also with gaps, and weighted least squares for ordinal answers."""
