"""Networks of values, with micrograd's names."""

from microbp.engine.ops import ACTIVATIONS
from microbp.nn.layer import OUTPUTS, Layer, Module, Neuron, Parameter
from microbp.nn.network import MLP

__all__ = ["ACTIVATIONS", "MLP", "OUTPUTS", "Layer", "Module", "Neuron", "Parameter"]
