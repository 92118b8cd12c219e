"""Figures with intervals, the floors beside them, calibration and thresholds."""
