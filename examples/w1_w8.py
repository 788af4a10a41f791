"""The w1–w8 network as plain expressions: forward, backward, one step, each number beside the published one.

Run it: python examples/w1_w8.py
"""

from dataclasses import replace

from microbp import Value, load, train

PUBLISHED = {
    "net_h1": 0.3775, "out_h1": 0.593269992, "out_h2": 0.596884378,
    "out_o1": 0.751365070, "out_o2": 0.772928465, "E": 0.298371109,
    "∂E/∂w5": 0.082167041, "∂E/∂w6": 0.082667628, "∂E/∂w7": -0.022602540, "∂E/∂w8": -0.022740242,
    "∂E/∂w1": 0.000438568, "∂E/∂w2": 0.000877135, "∂E/∂w3": 0.000497713, "∂E/∂w4": 0.000995425,
    "w1 after": 0.149780716, "w5 after": 0.358916480, "E after": 0.291027774,
}  # fmt: skip
CONVENTIONS = (  # of the biases, of the update; E after one step as published; in words
    ({}, "simultaneous", 0.291027774, "biases stay, every gradient from the old weights: as above"),
    ({}, "output-first", 0.291027924, "biases stay, w5 … w8 changed before ∂E/∂w1 is computed: a slip"),
    ({"train_biases": True}, "simultaneous", 0.285750887, "biases trained, one shared by each layer: b1 and b2"),
    ({"train_biases": True, "shared_bias": False}, "simultaneous", 0.280471447, "biases trained, one for each neuron"),
)
i1, i2, b1, b2 = Value(0.05, "i1"), Value(0.10, "i2"), Value(0.35, "b1"), Value(0.60, "b2")
w1, w2, w3, w4 = Value(0.15, "w1"), Value(0.20, "w2"), Value(0.25, "w3"), Value(0.30, "w4")
w5, w6, w7, w8 = Value(0.40, "w5"), Value(0.45, "w6"), Value(0.50, "w7"), Value(0.55, "w8")


def forward():
    net_h1 = w1 * i1 + w2 * i2 + b1
    net_h2 = w3 * i1 + w4 * i2 + b1
    out_h1, out_h2 = net_h1.sigmoid(), net_h2.sigmoid()
    net_o1 = w5 * out_h1 + w6 * out_h2 + b2
    net_o2 = w7 * out_h1 + w8 * out_h2 + b2
    out_o1, out_o2 = net_o1.sigmoid(), net_o2.sigmoid()
    E = 0.5 * (0.01 - out_o1) ** 2 + 0.5 * (0.99 - out_o2) ** 2
    return {"net_h1": net_h1, "out_h1": out_h1, "out_h2": out_h2, "out_o1": out_o1, "out_o2": out_o2, "E": E}


def main():
    values = forward()
    values["E"].backward()
    ours = {name: value.data for name, value in values.items()}
    for w in (w1, w2, w3, w4, w5, w6, w7, w8):
        ours[f"∂E/∂{w.label}"] = w.grad
        w.data -= 0.5 * w.grad
    ours |= {"w1 after": w1.data, "w5 after": w5.data, "E after": forward()["E"].data}
    print("Forward: net = Σ w·i + b, out = σ(net), E = Σ ½(target − out)². Backward: the chain rule, from E to each w.")
    print("One step: w ← w − 0.5·∂E/∂w, for all eight weights at once.\n\n           microbp          published")
    for name, published in PUBLISHED.items():
        print(f"{name:9} {ours[name]: .12f}  {published: .9f}")
    print("\nTexts disagree about E after this step: three conventions, and one slip.\n\nmicrobp         published")
    for biases, update, published, words in CONVENTIONS:
        ours[words] = train(replace(load("w1-w8"), **biases), 1, update=update).loss
        print(f"{ours[words]:.12f}  {published:.9f}  {words}")
    return ours


if __name__ == "__main__":
    main()
