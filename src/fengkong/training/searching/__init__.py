"""Searching for a better recipe: a declared space, a study that survives a kill, and a learning-rate finder."""
