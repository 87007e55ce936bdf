"""Number systems a graph can be evaluated in: floats, rigorous exact balls, whole NumPy arrays."""
