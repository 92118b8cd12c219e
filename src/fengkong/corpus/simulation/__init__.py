"""Loan applications written from a documented causal model, with their truth beside them."""

from fengkong.corpus.simulation.applications import Simulation, Truth, simulate

__all__ = ["Simulation", "Truth", "simulate"]
