"""Job 3: gradients held against the truth, and how near is near enough."""
