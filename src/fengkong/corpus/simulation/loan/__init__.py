"""Loan applications from a causal model in code: debt burden, rival amounts, and what the text says."""
