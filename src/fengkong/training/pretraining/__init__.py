"""Pre-training on raw text: masked-language modelling, from a base or from nothing, to a folder that is a base."""
