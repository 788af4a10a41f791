"""Networks of values, with micrograd's names."""

from microbp.engine.ops import ACTIVATIONS
from microbp.nn.network import MLP, Layer, Module, Neuron, Parameter

__all__ = ["ACTIVATIONS", "MLP", "Layer", "Module", "Neuron", "Parameter"]
