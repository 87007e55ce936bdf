"""Numbers, expressions and programs as text: the printers that every view shares."""
