"""Linear models: on n-grams, on frozen embeddings, on fields."""
