"""What the person and the machine decide: profiles, secrets, folders, state and themes."""
