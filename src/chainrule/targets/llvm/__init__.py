"""Native code by LLVM: a first, plain target without schedules, which shows that a `Program` can be compiled as it is.

`emit` writes instructions, `ir` a whole program, `kernel` compiles and calls it; only `kernel` loads llvmlite.
"""
