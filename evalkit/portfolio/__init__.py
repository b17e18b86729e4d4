"""Several results side by side: only what is comparable."""
