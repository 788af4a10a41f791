"""The w1–w8 network written out as plain expressions, each number beside the published one.

Run it: python examples/w1_w8.py
"""

from microbp import Value
from microbp.tabular import columns

PUBLISHED = {
    "net_h1": 0.3775, "out_h1": 0.593269992, "out_h2": 0.596884378,
    "out_o1": 0.751365070, "out_o2": 0.772928465, "E": 0.298371109,
    "∂E/∂w5": 0.082167041, "∂E/∂w6": 0.082667628, "∂E/∂w7": -0.022602540, "∂E/∂w8": -0.022740242,
    "∂E/∂w1": 0.000438568, "∂E/∂w2": 0.000877135, "∂E/∂w3": 0.000497713, "∂E/∂w4": 0.000995425,
    "w1 after": 0.149780716, "w5 after": 0.358916480, "E after": 0.291027774,
}  # fmt: skip

i1, i2 = Value(0.05, "i1"), Value(0.10, "i2")
w1, w2, w3, w4 = Value(0.15, "w1"), Value(0.20, "w2"), Value(0.25, "w3"), Value(0.30, "w4")
w5, w6, w7, w8 = Value(0.40, "w5"), Value(0.45, "w6"), Value(0.50, "w7"), Value(0.55, "w8")
b1, b2 = Value(0.35, "b1"), Value(0.60, "b2")
target_o1, target_o2 = 0.01, 0.99
learning_rate = 0.5


def forward():
    net_h1 = w1 * i1 + w2 * i2 + b1
    net_h2 = w3 * i1 + w4 * i2 + b1
    out_h1 = net_h1.sigmoid()
    out_h2 = net_h2.sigmoid()

    net_o1 = w5 * out_h1 + w6 * out_h2 + b2
    net_o2 = w7 * out_h1 + w8 * out_h2 + b2
    out_o1 = net_o1.sigmoid()
    out_o2 = net_o2.sigmoid()

    E_o1 = 0.5 * (target_o1 - out_o1) ** 2
    E_o2 = 0.5 * (target_o2 - out_o2) ** 2
    E = E_o1 + E_o2
    return {"net_h1": net_h1, "out_h1": out_h1, "out_h2": out_h2, "out_o1": out_o1, "out_o2": out_o2, "E": E}


def main():
    values = forward()
    values["E"].backward()
    ours = {name: value.data for name, value in values.items()}
    weights = (w1, w2, w3, w4, w5, w6, w7, w8)
    ours |= {f"∂E/∂{w.label}": w.grad for w in weights}
    for w in weights:
        w.data -= learning_rate * w.grad
    ours |= {"w1 after": w1.data, "w5 after": w5.data, "E after": forward()["E"].data}

    rows = [(name, f"{ours[name]:.12f}", f"{published:.9f}") for name, published in PUBLISHED.items()]
    print("\n".join(columns([("", "microbp", "published"), *rows])))
    return ours


if __name__ == "__main__":
    main()
