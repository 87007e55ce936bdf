"""From a graph to loops: what is computed in one pass over which elements, what is kept in memory, and how it lies.

`lower` writes composite ops out, `grouping` joins nodes into stages, `layout` says where and how arrays lie. Nothing
here knows a target.
"""
