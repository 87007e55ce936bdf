"""Targets: a program printed as code for another machine. Each one is compared with the reference evaluator."""
