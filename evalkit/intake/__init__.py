"""A survey file becomes tidy responses and the list of all its problems."""
