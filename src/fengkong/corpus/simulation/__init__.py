"""Texts written from documented causal models, with their truth beside them."""

from fengkong.corpus.simulation.loan.applications import Truth, simulate
from fengkong.corpus.simulation.simulated import Simulation
from fengkong.corpus.simulation.simulators import find_simulator
from fengkong.corpus.simulation.texts import TextTruth, simulate_texts

__all__ = ["Simulation", "TextTruth", "Truth", "find_simulator", "simulate", "simulate_texts"]
