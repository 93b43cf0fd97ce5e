"""Filling the mirror: crawl, sweeps and group backfill, and the news that they find."""
