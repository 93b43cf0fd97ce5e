"""Plain facts and pure rules about a WalkMe account; standard library only."""
