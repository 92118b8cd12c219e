"""What was measured, as a page for people."""
