"""Which microbp this is: what is printed for machines says it, and the package is named by it."""

__version__ = "0.1.0"
