"""The stepper as one interactive HTML page."""
