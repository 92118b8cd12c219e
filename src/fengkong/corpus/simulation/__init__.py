"""Texts written from documented causal models, with their truth beside them."""

from fengkong.corpus.simulation.loan.applications import Truth, simulate
from fengkong.corpus.simulation.simulated import Simulation

__all__ = ["Simulation", "Truth", "simulate"]
