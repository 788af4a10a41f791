"""What a learner hands in: gradients in any usual form, from Python or a file, and how precise their numbers are."""
