"""Linear mixed models: fits by REML or ML and their small-sample inference."""
