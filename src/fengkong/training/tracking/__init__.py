"""Telling an experiment tracker how a training goes: TensorBoard, MLflow or Weights & Biases, each optional."""
