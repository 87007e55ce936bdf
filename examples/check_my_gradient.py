"""Check a gradient that somebody wrote by hand: the report says which element is wrong, and by how much."""

import numpy as np

import chainrule as cr

x = np.array([[0.05, 0.10], [0.30, -0.20], [-0.40, 0.60]])
t = np.array([0.0, 1.0, 1.0])


def loss(w):
    """Half the squared error of one sigmoid unit over three examples."""
    a = 1 / (1 + np.exp(-(x @ w)))
    return 0.5 * np.sum((a - t) ** 2)


def right(w):
    a = 1 / (1 + np.exp(-(x @ w)))
    return x.T @ ((a - t) * a * (1 - a))


def with_a_slip(w):
    """The derivative of the sigmoid was forgotten."""
    a = 1 / (1 + np.exp(-(x @ w)))
    return x.T @ (a - t)


w = np.array([0.15, 0.20])

report = cr.gradcheck((loss, right), w)
print(report)
assert report

report = cr.gradcheck((loss, with_a_slip), w)
print(report)
assert not report
