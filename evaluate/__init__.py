"""Metrics, plots, baselines and the comparison of systems."""
