"""A trained network as a sealed bundle: ONNX, int8, parity."""
