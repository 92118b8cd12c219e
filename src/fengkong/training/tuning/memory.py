"""Want of memory: known by its error, and met by smaller pieces of the same work."""

import torch

__all__ = ["ran_out"]

CPU_WORDS = ("can't allocate memory", "not enough memory")
"""What torch's allocator for the CPU says; it has no error class of its own."""


def ran_out(error: BaseException) -> bool:
    """Whether an error says that the GPU or the machine has no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in CPU_WORDS)
