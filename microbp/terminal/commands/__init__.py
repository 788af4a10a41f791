"""What `microbp` does: a module for each command: `add_options(parser)`, and `run`, which returns the exit code."""
