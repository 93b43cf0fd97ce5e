"""What a table shows: listings, pages and views."""
