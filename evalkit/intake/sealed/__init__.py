"""Workbooks read in a child process that has little memory, little time and nothing but Python's own library."""
