"""Gradient descent on a problem: the loop, its back-ends, checkpoints, charts, and the sweep over conventions."""
