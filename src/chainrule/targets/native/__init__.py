"""Machine code as plain bytes: linked, kept on disk and loaded again, without LLVM and without NumPy.

`link` makes one piece of an object file, `load` puts it where it can run, `store` keeps it, `host` names the processor.
These modules load next to nothing, because a program that finds its kernel here should start in no time.
"""
