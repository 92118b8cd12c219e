import numpy as np

from fengkong.training.exporting.rounding import compensated, nearest


def correlated_inputs(texts: int = 400, channels: int = 48) -> np.ndarray:
    draw = np.random.default_rng(5)
    return (
        draw.normal(size=(texts, 8)) @ draw.normal(size=(8, channels)) + 0.1 * draw.normal(size=(texts, channels))
    ).astype(np.float32)


def test_each_column_or_row_has_its_own_scale() -> None:
    weights = np.array([[1.0, 100.0], [-0.5, 50.0]], dtype=np.float32)
    integers, scales = nearest(weights, axis=0, limit=64)
    assert integers.tolist() == [[64, 64], [-32, 32]]
    np.testing.assert_allclose(integers * scales, weights)
    integers, scales = nearest(weights, axis=1, limit=64)
    assert scales.shape == (2, 1)
    assert integers[:, 1].tolist() == [64, 64]


def test_making_up_for_roundings_keeps_the_product_nearer() -> None:
    inputs = correlated_inputs()
    weights = np.random.default_rng(6).normal(size=(48, 70)).astype(np.float32)

    def noise(integers: np.ndarray, scales: np.ndarray) -> float:
        return float(np.std(inputs @ (integers * scales) - inputs @ weights))

    plain = noise(*nearest(weights, axis=0, limit=64))
    integers, scales = compensated(weights, inputs.T @ inputs, limit=64)
    assert noise(integers, scales) < 0.6 * plain
    assert np.abs(integers).max() <= 64


def test_channels_that_are_always_zero_do_no_harm() -> None:
    weights = np.eye(70, 3, dtype=np.float32)
    integers, scales = compensated(weights, np.zeros((70, 70), dtype=np.float32), limit=64)
    np.testing.assert_allclose(integers * scales, weights)
