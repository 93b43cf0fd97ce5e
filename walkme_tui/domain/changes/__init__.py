"""One class per kind of change, and the registry of kinds."""
