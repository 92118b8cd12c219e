"""The training loop, its state, and how it is saved and gone on with."""
