"""What learners write beside a forward and a backward pass: globals for parameters, steps for gradients."""
