"""The write path: plans, jobs, steps, receipts and undo."""
