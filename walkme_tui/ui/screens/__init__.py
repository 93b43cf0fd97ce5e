"""Whole screens: the browser, and what stands there without a profile."""
