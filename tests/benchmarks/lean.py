"""A scalar engine as lean as one writes it today: slots, local derivatives kept with the inputs, no closures.

What `peers.py` holds the others against: forty lines that do nothing but the chain rule.
"""

import math


class Value:
    __slots__ = ("data", "grad", "inputs", "locals")

    def __init__(self, data, inputs=(), local=()):
        self.data, self.grad, self.inputs, self.locals = data, 0.0, inputs, local

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        out = math.exp(self.data)
        return Value(out, (self,), (out,))

    def log(self):
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def sigmoid(self):
        out = 1.0 / (1.0 + math.exp(-self.data))
        return Value(out, (self,), (out * (1.0 - out),))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * other**-1.0

    def sqrt(self):
        return self**0.5

    def __gt__(self, other):
        return self.data > getattr(other, "data", other)

    def __ge__(self, other):
        return self.data >= getattr(other, "data", other)

    def __lt__(self, other):
        return self.data < getattr(other, "data", other)

    def __le__(self, other):
        return self.data <= getattr(other, "data", other)

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(x, False) for x in node.inputs if x not in seen]
        self.grad = 1.0
        for node in reversed(order):
            for x, slope in zip(node.inputs, node.locals, strict=True):
                x.grad += slope * node.grad
