"""Laws of every initializer in the table."""

import numpy as np
import pytest

from skmlp.initializers import INITIALIZERS

every_initializer = pytest.mark.parametrize(
    "initializer", INITIALIZERS.values(), ids=INITIALIZERS
)


@every_initializer
def test_a_draw_has_the_shapes_of_the_layer(initializer):
    W, b = initializer.draw(np.random.RandomState(0), 5, 3, 6.0)
    assert W.shape == (5, 3)
    assert b.shape == (3,)


@every_initializer
def test_the_same_seed_draws_the_same_bits_and_another_seed_others(initializer):
    first, again, other = (
        initializer.draw(np.random.RandomState(seed), 5, 3, 6.0) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.isclose(first[0], other[0]).any()


@every_initializer
def test_weights_spread_around_zero_less_the_more_units_they_join(initializer):
    W, _ = initializer.draw(np.random.RandomState(0), 100, 50, 6.0)
    wide, _ = initializer.draw(np.random.RandomState(0), 400, 200, 6.0)
    # 5,000 draws: the mean's standard error is 1.4 % of the spread; five of them
    assert abs(W.mean()) < 0.07 * W.std()
    # four times the units, half the spread; its standard error is about 1 %
    assert wide.std() == pytest.approx(W.std() / 2, rel=0.05)


@pytest.mark.parametrize("gain", [2.0, 6.0])
def test_glorot_uniform_fills_its_bound(gain):
    W, b = INITIALIZERS["glorot_uniform"].draw(
        np.random.RandomState(0), 300, 1000, gain
    )
    bound = np.sqrt(gain / 1300)
    for drawn in (W, b):
        assert np.abs(drawn).max() <= bound
        # the largest of 1,000 draws is above 99 % but once in 23,000 seeds
        assert np.abs(drawn).max() > 0.99 * bound
    # a uniform draw's standard deviation; 300,000 draws make its error 0.1 %
    assert W.std() == pytest.approx(bound / np.sqrt(3), rel=0.01)


def test_glorot_uniform_draws_weights_first_and_biases_after():
    W, b = INITIALIZERS["glorot_uniform"].draw(np.random.RandomState(0), 5, 3, 6.0)
    bound = np.sqrt(6.0 / 8)
    expected = np.random.RandomState(0).uniform(-bound, bound, 5 * 3 + 3)
    np.testing.assert_array_equal(W.ravel(), expected[:15])
    np.testing.assert_array_equal(b, expected[15:])
