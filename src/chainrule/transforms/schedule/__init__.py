"""From a graph to loops: what is computed in one pass over which elements, what is kept in memory, and how it lies.

`lower` writes composite ops out, `layout` says how arrays lie and products run, `grouping` joins nodes into stages and
`plan` puts these in order and gives every value its place. Nothing here knows a target.
"""
