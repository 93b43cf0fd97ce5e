"""Everything that is known of one user."""
