"""Measurements: speed against the peers, quality on real sets. Nothing is asserted; figures go to docs/results.md."""
