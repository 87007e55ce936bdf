"""A Python function becomes a graph, and its derivative one too: print both, and evaluate them.

tanh is written with exp here, and its derivative comes out as 1 - tanh^2, up to the way it is written.
"""

import math

import chainrule as cr
from chainrule import functions as fn
from chainrule.printing.expression import expression
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse


def f(x):
    up = fn.named(fn.exp(x), "up")
    down = fn.named(fn.exp(-x), "down")
    return (up - down) / (up + down)


graph = cr.trace(f)
for label, node in graph.quantities().items():
    if node.args:  # the input x has no formula
        print(f"{label.text:5} = {expression(node.args[0])}")

backward = reverse(graph, Name("f"), [Name("x")])
for label, node in backward.outputs.items():
    if isinstance(label, Derivative):
        print(f"df/d{label.by.text:4} = {expression(node.args[0])}")

x = 0.5
slope = cr.grad(f)(x)
print(f"at x = {x}: df/dx = {slope:.12f}, and 1 - tanh(x)^2 = {1 - math.tanh(x) ** 2:.12f}")
assert math.isclose(slope, 1 - math.tanh(x) ** 2, rel_tol=1e-12)

# Several arguments, and derivatives of derivatives.
print("gradient of x*y + sin(x) at (0, 3):", cr.grad(lambda x, y: x * y + fn.sin(x), (0, 1))(0.0, 3.0))
print("second derivative of x^3 at 2:", cr.grad(cr.grad(lambda x: x**3))(2.0))
