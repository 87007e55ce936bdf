"""Train a network of units wired freely, ask the doctor, and see one update of what was learned worked out."""

from __future__ import annotations

import chainrule as cr

X = [[0, 0], [0, 1], [1, 0], [1, 1]]
T = [0, 1, 1, 0]


def main() -> None:
    net = cr.Model(
        """
        h = sigmoid(w1*x1 + w2*x2 + b1)
        o = sigmoid(w3*x1 + w4*x2 + v*h + b2)     # the inputs skip the hidden unit
        E = 1/2*(t - o)^2
        """,
        inputs=["x1", "x2"],
        targets=["t"],
        parameters=["w1", "w2", "b1", "w3", "w4", "v", "b2"],
        seed=2,
    )
    history = cr.train(net, X, T, optimizer=cr.momentum(0.5), over="sum", epochs=5000, shuffle=False, stop="E < 0.02")
    print(f"after {history.epochs} epochs, ended by {history.stopped_by}:")
    for x, output in zip(X, net.predict(X), strict=True):
        print(x, "->", output.round(2))
    print(net.diagnose(X, T, rate=0.5))
    print(net.explain([1, 0], 1, rate=0.5))


if __name__ == "__main__":
    main()
