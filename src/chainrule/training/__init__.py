"""Training: the loop of lecture 003 around a compiled step, and what people need around such a loop.

`model` has what learns, `loop` trains it, `doctor` says what is wrong with it; the step itself is a `Program` like any
other, so that what trains is what is explained.
"""
