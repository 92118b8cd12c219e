"""Pretrained base models: found, checked, loaded; data, never code."""
