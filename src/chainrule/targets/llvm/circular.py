"""Sine and cosine as a function of the module's own, because kernels that call nothing outside can be kept on disk.

x = n pi/2 + r. Up to a million pi/2 is taken away in parts of 33 bits, whose multiples are exact; of larger numbers x,
those 192 bits of 2/pi that matter are multiplied by x as integers (Payne and Hanek 1983). Then a polynomial in r of
either function, after fdlibm's. Within one unit in the last place, for every number.
"""

from __future__ import annotations

from math import pi
from struct import pack
from typing import Final

from chainrule.targets.llvm.emit import Emitter, Value

_TWO_OVER_PI: Final = (  # its bits after the point, 64 at a time, after as many zeros
    0x0, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041, 0xFE5163ABDEBBC561, 0xB7246E3A424DD2E0,
    0x06492EEA09D1921C, 0xFE1DEB1CB129A73E, 0xE88235F52EBB4484, 0xE99C7026B45F7E41, 0x3991D639835339F4,
    0x9C845F8BBDF9283B, 0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7, 0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB, 0xF0CFBC209AF4361D,
    0xA9E391615EE61B08,
)  # fmt: skip
_PARTS: Final = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)  # of pi/2
_PI_HALF_LOW: Final = 6.123233995736766e-17  # what pi/2 is more than its double
_MANY: Final = 1e6  # so that the multiples have at most 20 bits
_TINY: Final = 2.0**-27  # sin x is x below
_MAGIC: Final = 1.5 * 2.0**52  # what is added to it is rounded to a whole number, in its lowest bits
_SPLIT: Final = 2.0**27 + 1  # a number times this gives its upper half (Veltkamp)
_SIN: Final = (
    -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
    -2.50507602534068634195e-08, 1.58969099521155010221e-10,
)  # fmt: skip
_COS: Final = (
    4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05, -2.75573143513906633035e-07,
    2.08757232129817482790e-09, -1.13596475577881948265e-11,
)  # fmt: skip


def circular(e: Emitter, name: str, x: Value) -> Value:
    """sin(x) or cos(x), lane by lane, in double precision."""
    e.declared["circular"] = _FUNCTION
    e.declared["fshl"] = "declare i64 @llvm.fshl.i64(i64, i64, i64)"
    e.declared["ctlz"] = "declare i128 @llvm.ctlz.i128(i128, i1)"
    e.declared["fabs"] = "declare double @llvm.fabs.f64(double)"
    wide, is_single = e.wider(), e.real.size == 4
    results = []
    for lane in range(x.lanes):
        part = x if x.lanes == 1 else e.lane(x, lane)
        result = wide.call(f"circular.{name}", e.widened(part) if is_single else part)
        results.append(e.narrowed(result) if is_single else result)
    return results[0] if x.lanes == 1 else e.gathered(results)


def _function() -> str:
    """The text with its numbers. Its function is of x, and of the quarter turns to go on by: cosine is one ahead."""
    text = _TEXT
    for k, word in enumerate(_TWO_OVER_PI):
        text = text.replace(f"$w{k};", str(word))
    numbers = {
        "parts": _PARTS, "sin": _SIN, "cos": _COS, "pi": (pi / 2, _PI_HALF_LOW, 2 / pi), "magic": (_MAGIC,),
        "many": (_MANY,), "tiny": (_TINY,), "split": (_SPLIT,), "scale": (2.0**-53, 2.0**-106),
    }  # fmt: skip
    for name, values in numbers.items():
        for k, value in enumerate(values):
            text = text.replace(f"${name}{k};", _exact(value))
    return text


def _exact(value: float) -> str:
    """A number as its bits, as LLVM reads it."""
    return f"0x{pack('>d', value).hex().upper()}"


_TEXT: Final = f"""@circular.bits = private constant [22 x i64] [{", ".join(f"i64 $w{k};" for k in range(22))}]
define internal double @circular(double %x, i64 %turn) noinline nounwind {{
entry:
  %size = call double @llvm.fabs.f64(double %x)
  %is.near = fcmp olt double %size, $many0;
  br i1 %is.near, label %near, label %large
near:
  %turns = fmul double %x, $pi2;
  %moved = fadd double %turns, $magic0;
  %n.real = fsub double %moved, $magic0;
  %n.near = fptosi double %n.real to i64
  %a = fmul double %n.real, $parts0;
  %x1 = fsub double %x, %a
  %b = fmul double %n.real, $parts1;
  %x2 = fsub double %x1, %b
  %v2 = fsub double %x2, %x1
  %u2 = fsub double %x2, %v2
  %p2 = fsub double %x1, %u2
  %q2 = fadd double %b, %v2
  %e2 = fsub double %p2, %q2
  %c = fmul double %n.real, $parts2;
  %x3 = fsub double %x2, %c
  %v3 = fsub double %x3, %x2
  %u3 = fsub double %x3, %v3
  %p3 = fsub double %x2, %u3
  %q3 = fadd double %c, %v3
  %e3 = fsub double %p3, %q3
  %d = fmul double %n.real, $parts3;
  %e23 = fadd double %e2, %e3
  %low.near = fsub double %e23, %d
  br label %reduced
large:
  %bits = bitcast double %size to i64
  %exponent = lshr i64 %bits, 52
  %is.number = icmp ult i64 %exponent, 2047
  br i1 %is.number, label %far, label %none
none:
  ret double 0x7FF8000000000000
far:
  %fraction = and i64 %bits, 4503599627370495
  %m = or i64 %fraction, 4503599627370496
  %at = sub i64 %exponent, 1013
  %k0 = lshr i64 %at, 6
  %s = and i64 %at, 63
  %k1 = add i64 %k0, 1
  %k2 = add i64 %k0, 2
  %k3 = add i64 %k0, 3
  %t0 = getelementptr [22 x i64], ptr @circular.bits, i64 0, i64 %k0
  %t1 = getelementptr [22 x i64], ptr @circular.bits, i64 0, i64 %k1
  %t2 = getelementptr [22 x i64], ptr @circular.bits, i64 0, i64 %k2
  %t3 = getelementptr [22 x i64], ptr @circular.bits, i64 0, i64 %k3
  %w0 = load i64, ptr %t0
  %w1 = load i64, ptr %t1
  %w2 = load i64, ptr %t2
  %w3 = load i64, ptr %t3
  %a0 = call i64 @llvm.fshl.i64(i64 %w0, i64 %w1, i64 %s)
  %a1 = call i64 @llvm.fshl.i64(i64 %w1, i64 %w2, i64 %s)
  %a2 = call i64 @llvm.fshl.i64(i64 %w2, i64 %w3, i64 %s)
  %m.wide = zext i64 %m to i128
  %a1.wide = zext i64 %a1 to i128
  %a2.wide = zext i64 %a2 to i128
  %high = mul i64 %m, %a0
  %middle = mul i128 %m.wide, %a1.wide
  %lowest = mul i128 %m.wide, %a2.wide
  %carried = lshr i128 %lowest, 64
  %sum = add i128 %middle, %carried
  %high.wide = zext i64 %high to i128
  %high.moved = shl i128 %high.wide, 64
  %product = add i128 %sum, %high.moved
  %quarter.wide = lshr i128 %product, 126
  %quarter = trunc i128 %quarter.wide to i64
  %after = shl i128 %product, 2
  %last = trunc i128 %lowest to i64
  %last.bits = lshr i64 %last, 62
  %last.wide = zext i64 %last.bits to i128
  %point = or i128 %after, %last.wide
  %is.upper = icmp slt i128 %point, 0
  %negated = sub i128 0, %point
  %distance = select i1 %is.upper, i128 %negated, i128 %point
  %one.more = zext i1 %is.upper to i64
  %n.size = add i64 %quarter, %one.more
  %zeros = call i128 @llvm.ctlz.i128(i128 %distance, i1 false)
  %whole = shl i128 %distance, %zeros
  %upper.wide = lshr i128 %whole, 75
  %upper = trunc i128 %upper.wide to i64
  %lower.moved = shl i128 %whole, 53
  %lower.wide = lshr i128 %lower.moved, 75
  %lower = trunc i128 %lower.wide to i64
  %upper.real = sitofp i64 %upper to double
  %lower.real = sitofp i64 %lower to double
  %f = fmul double %upper.real, $scale0;
  %g = fmul double %lower.real, $scale1;
  %f.far = fmul double %f, $split0;
  %f.gap = fsub double %f.far, %f
  %f1 = fsub double %f.far, %f.gap
  %f2 = fsub double %f, %f1
  %h.far = fmul double $pi0;, $split0;
  %h.gap = fsub double %h.far, $pi0;
  %h1 = fsub double %h.far, %h.gap
  %h2 = fsub double $pi0;, %h1
  %top = fmul double %f, $pi0;
  %f1h1 = fmul double %f1, %h1
  %f1h2 = fmul double %f1, %h2
  %f2h1 = fmul double %f2, %h1
  %f2h2 = fmul double %f2, %h2
  %r1 = fsub double %f1h1, %top
  %r2 = fadd double %r1, %f1h2
  %r3 = fadd double %r2, %f2h1
  %r4 = fadd double %r3, %f2h2
  %fl = fmul double %f, $pi1;
  %gh = fmul double %g, $pi0;
  %r5 = fadd double %fl, %gh
  %rest = fadd double %r4, %r5
  %zeros.word = trunc i128 %zeros to i64
  %power = sub i64 1023, %zeros.word
  %power.bits = shl i64 %power, 52
  %power.real = bitcast i64 %power.bits to double
  %x.negative = fcmp olt double %x, 0.0
  %turned = xor i1 %x.negative, %is.upper
  %scale.minus = fneg double %power.real
  %scale = select i1 %turned, double %scale.minus, double %power.real
  %high.far = fmul double %top, %scale
  %low.far = fmul double %rest, %scale
  %n.minus = sub i64 0, %n.size
  %n.far = select i1 %x.negative, i64 %n.minus, i64 %n.size
  br label %reduced
reduced:
  %n = phi i64 [ %n.near, %near ], [ %n.far, %far ]
  %first = phi double [ %x3, %near ], [ %high.far, %far ]
  %second = phi double [ %low.near, %near ], [ %low.far, %far ]
  %r = fadd double %first, %second
  %r.gap = fsub double %r, %first
  %l = fsub double %second, %r.gap
  %where = add i64 %n, %turn
  %z = fmul double %r, %r
  %odd = and i64 %where, 1
  %is.odd = icmp ne i64 %odd, 0
  br i1 %is.odd, label %cosine, label %sine
sine:
  %s5 = fmul double %z, $sin5;
  %s5a = fadd double %s5, $sin4;
  %s4 = fmul double %z, %s5a
  %s4a = fadd double %s4, $sin3;
  %s3 = fmul double %z, %s4a
  %s3a = fadd double %s3, $sin2;
  %s2 = fmul double %z, %s3a
  %s2a = fadd double %s2, $sin1;
  %cube = fmul double %z, %r
  %l.half = fmul double %l, 0.5
  %s.v = fmul double %cube, %s2a
  %s.d = fsub double %l.half, %s.v
  %s.z = fmul double %z, %s.d
  %s.l = fsub double %s.z, %l
  %s.c = fmul double %cube, $sin0;
  %s.e = fsub double %s.l, %s.c
  %sine.value = fsub double %r, %s.e
  br label %end
cosine:
  %c5 = fmul double %z, $cos5;
  %c5a = fadd double %c5, $cos4;
  %c4 = fmul double %z, %c5a
  %c4a = fadd double %c4, $cos3;
  %c3 = fmul double %z, %c4a
  %c3a = fadd double %c3, $cos2;
  %c2 = fmul double %z, %c3a
  %c2a = fadd double %c2, $cos1;
  %c1 = fmul double %z, %c2a
  %c1a = fadd double %c1, $cos0;
  %c0 = fmul double %z, %c1a
  %half = fmul double %z, 0.5
  %base = fsub double 1.0, %half
  %base.gap = fsub double 1.0, %base
  %base.low = fsub double %base.gap, %half
  %c.z = fmul double %z, %c0
  %c.l = fmul double %r, %l
  %c.d = fsub double %c.z, %c.l
  %c.e = fadd double %base.low, %c.d
  %cosine.value = fadd double %base, %c.e
  br label %end
end:
  %value = phi double [ %sine.value, %sine ], [ %cosine.value, %cosine ]
  %opposite = and i64 %where, 2
  %is.opposite = icmp ne i64 %opposite, 0
  %minus = fneg double %value
  %signed = select i1 %is.opposite, double %minus, double %value
  %is.sine = icmp eq i64 %turn, 0
  %is.tiny = fcmp olt double %size, $tiny0;
  %is.itself = and i1 %is.sine, %is.tiny
  %result = select i1 %is.itself, double %x, double %signed
  ret double %result
}}
define internal double @circular.sin(double %x) nounwind {{
  %result = call double @circular(double %x, i64 0)
  ret double %result
}}
define internal double @circular.cos(double %x) nounwind {{
  %result = call double @circular(double %x, i64 1)
  ret double %result
}}"""
_FUNCTION: Final = _function()
