"""Graph to graph: reverse mode, unit by unit expansion, batches, stable forms, simplification."""
