"""How the mirror is filled: crawl, sweeps, group backfill, news."""
