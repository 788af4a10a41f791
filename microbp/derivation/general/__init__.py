"""The formulas of backpropagation for any layer, in the notation of a text, with a network's shapes and numbers."""
