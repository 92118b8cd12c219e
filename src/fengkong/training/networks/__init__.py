"""What is trained: a base with its heads."""
