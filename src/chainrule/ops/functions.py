"""Functions of one number, and the constants they are written with."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from chainrule.node import REAL, Node, Op, const
from chainrule.ops import types
from chainrule.ops.choices import GREATER, STEP, WHERE

HALF = Fraction(1, 2)
LEAK = Fraction(1, 100)  # the slope of leaky_relu below zero


def _function(
    name: str,
    value: Callable[..., Any],
    vjp: Callable[..., tuple[Node | None, ...]],
    *,
    latex: str,
    domain: tuple[float, float] = (-2.0, 2.0),
    simplify: Callable[..., Node | None] | None = None,
    switch: Callable[..., Node] | None = None,
    kink: str = "",
) -> Op:
    return Op(
        name=name, arity=1, elementwise=True, typing=types.elementwise, value=value, vjp=vjp, glyph=name, latex=latex,
        domain=(domain,), simplify=simplify, switch=switch, kink=kink,
    )  # fmt: skip


def _of_constant(at: int, result: int) -> Callable[[Node], Node | None]:
    """Simplify f(at) to an exact result, such as exp(0) to 1."""
    return lambda x: const(result) if x is const(at) else None


def _simplify_log(x: Node) -> Node | None:
    if x is const(1):
        return const(0)
    if x.op is EULER:
        return const(1)
    return x.args[0] if x.op is EXP else None


def _simplify_sqrt(x: Node) -> Node | None:
    return x if x is const(0) or x is const(1) else None


PI: Op = Op(
    name="pi",
    arity=0,
    typing=lambda: REAL,
    value=lambda n: n.s.pi(),
    vjp=lambda g, out: (),
    glyph="pi",
    latex=r"\pi",
)
EULER: Op = Op(
    name="e",
    arity=0,
    typing=lambda: REAL,
    value=lambda n: n.s.exp(n.s.of(1)),
    vjp=lambda g, out: (),
    glyph="e",
    latex="e",
)

EXP: Op = _function(
    "exp",
    lambda s, x: s.exp(x),
    lambda g, out, x: (g * out,),
    latex="e^{{{0}}}",
    simplify=_of_constant(0, 1),
)
LOG: Op = _function(
    "log",
    lambda s, x: s.log(x),
    lambda g, out, x: (g / x,),
    latex=r"\ln\left({0}\right)",
    domain=(0.3, 3.0),
    simplify=_simplify_log,
)
LOG10: Op = _function(
    "log10",
    lambda s, x: s.log10(x),
    lambda g, out, x: (g / (x * LOG(const(10))),),
    latex=r"\log_{{10}}\left({0}\right)",
    domain=(0.3, 3.0),
    simplify=_of_constant(1, 0),
)
SQRT: Op = _function(
    "sqrt",
    lambda s, x: s.sqrt(x),
    lambda g, out, x: (g / (2 * out),),
    latex=r"\sqrt{{{0}}}",
    domain=(0.3, 3.0),
    simplify=_simplify_sqrt,
)
SIN: Op = _function(
    "sin",
    lambda s, x: s.sin(x),
    lambda g, out, x: (g * COS(x),),
    latex=r"\sin\left({0}\right)",
    simplify=_of_constant(0, 0),
)
COS: Op = _function(
    "cos",
    lambda s, x: s.cos(x),
    lambda g, out, x: (-(g * SIN(x)),),
    latex=r"\cos\left({0}\right)",
    simplify=_of_constant(0, 1),
)
SIGMOID: Op = _function(
    "sigmoid",
    lambda s, x: s.sigmoid(x),
    lambda g, out, x: (g * (out * (1 - out)),),
    latex=r"\sigma\left({0}\right)",
)
TANH: Op = _function(
    "tanh",
    lambda s, x: s.tanh(x),
    lambda g, out, x: (g * (1 - out**2),),
    latex=r"\tanh\left({0}\right)",
    simplify=_of_constant(0, 0),
)
# log(1 + e^x), in the form that does not overflow: max(x, 0) + log(1 + e^-|x|).
SOFTPLUS: Op = _function(
    "softplus",
    lambda s, x: s.add(s.max(x, s.of(0)), s.log1p(s.exp(s.neg(s.abs(x))))),
    lambda g, out, x: (g * SIGMOID(x),),
    latex=r"\mathrm{{softplus}}\left({0}\right)",
)
ERF: Op = _function(
    "erf",
    lambda s, x: s.erf(x),
    lambda g, out, x: (g * (2 / SQRT(PI()) * EXP(-(x**2))),),
    latex=r"\mathrm{{erf}}\left({0}\right)",
    simplify=_of_constant(0, 0),
)
RELU: Op = _function(
    "relu",
    lambda s, x: s.max(x, s.of(0)),
    lambda g, out, x: (g * STEP(x),),
    latex=r"\mathrm{{ReLU}}\left({0}\right)",
    switch=lambda x: x,
    kink="any value from 0 to 1; 0 is taken",
)
LEAKY_RELU: Op = _function(
    "leaky_relu",
    lambda s, x: s.max(x, s.mul(s.of(LEAK), x)),
    lambda g, out, x: (g * WHERE(GREATER(x, const(0)), const(1), const(LEAK)),),
    latex=r"\mathrm{{LeakyReLU}}\left({0}\right)",
    switch=lambda x: x,
    kink="any value from 0.01 to 1; 0.01 is taken",
)
# x above zero, e^x - 1 below: once differentiable, so its kink lies in the second derivative.
ELU: Op = _function(
    "elu",
    lambda s, x: s.where(s.less(s.of(0), x), x, s.expm1(s.min(x, s.of(0)))),
    lambda g, out, x: (g * WHERE(GREATER(x, const(0)), const(1), out + 1),),
    latex=r"\mathrm{{ELU}}\left({0}\right)",
    switch=lambda x: x,
    kink="smooth once; its second derivative may be anything from 0 to 1",
)
# x times the normal distribution function (Hendrycks and Gimpel 2016), not its tanh approximation.
GELU: Op = _function(
    "gelu",
    lambda s, x: s.mul(s.mul(s.of(HALF), x), s.add(s.of(1), s.erf(s.div(x, s.sqrt(s.of(2)))))),
    lambda g, out, x: (g * (HALF * (1 + ERF(x / SQRT(const(2)))) + x * EXP(-(x**2) / 2) / SQRT(2 * PI())),),
    latex=r"\mathrm{{GELU}}\left({0}\right)",
)

OPS = (
    PI, EULER, EXP, LOG, LOG10, SQRT, SIN, COS, SIGMOID, TANH, SOFTPLUS, ERF, RELU, LEAKY_RELU, ELU, GELU,
)  # fmt: skip
