"""Whole screens besides the browser."""
