"""Native code by LLVM: the stages of `transforms.schedule` as loops over vectors, compiled in this process.

`emit` and `functions` write instructions, `nest`, `tiles`, `reductions` and `special` stages, `module` a plan;
`function` and `training` are what is called. Only `machine` loads llvmlite.
"""
