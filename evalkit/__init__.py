"""evalkit evaluates education programmes: did it work, for whom, how sure are we?"""

__version__ = "0.1.0"
