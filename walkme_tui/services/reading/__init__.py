"""What a table shows: listings, their pages and their views."""
