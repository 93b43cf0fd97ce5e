"""Values and rules about a WalkMe account; standard library only."""
