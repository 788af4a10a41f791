"""Networks of values, with micrograd's names."""

from microbp.nn.network import ACTIVATIONS, MLP, Layer, Module, Neuron, Parameter

__all__ = ["ACTIVATIONS", "MLP", "Layer", "Module", "Neuron", "Parameter"]
