"""Comparison of the two surfaces of an account, and the adoption of one side."""
