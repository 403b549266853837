"""Laws of every initializer in the table."""

import numpy as np
import pytest

from skmlp.initializers import INITIALIZERS, Orthogonal

every_initializer = pytest.mark.parametrize(
    "initializer", [make() for make in INITIALIZERS.values()], ids=INITIALIZERS
)
# The variance of a weight from fan_in and fan_out, and whether it is uniform.
VARIANCES = {
    "glorot_uniform": (lambda fan_in, fan_out: 6 / (fan_in + fan_out) / 3, True),
    "glorot_normal": (lambda fan_in, fan_out: 2 / (fan_in + fan_out), False),
    "he_uniform": (lambda fan_in, fan_out: 6 / fan_in / 3, True),
    "he_normal": (lambda fan_in, fan_out: 2 / fan_in, False),
    "lecun_uniform": (lambda fan_in, fan_out: 3 / fan_in / 3, True),
    "lecun_normal": (lambda fan_in, fan_out: 1 / fan_in, False),
}


def draw(initializer, fan_in, fan_out, gain=6.0, seed=0):
    return initializer.draw(np.random.RandomState(seed), fan_in, fan_out, gain)


@every_initializer
def test_a_draw_has_the_shapes_of_the_layer(initializer):
    for fan_in, fan_out in [(5, 3), (3, 5), (4, 4), (1, 1)]:
        W, b = draw(initializer, fan_in, fan_out)
        assert W.shape == (fan_in, fan_out)
        assert b.shape == (fan_out,)
        assert W.dtype == b.dtype == np.float64


@every_initializer
def test_the_same_seed_draws_the_same_bits_and_another_seed_others(initializer):
    first, again, other = (draw(initializer, 5, 3, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.isclose(first[0], other[0]).any()


@every_initializer
def test_a_second_draw_is_another_one(initializer):
    random_state = np.random.RandomState(0)
    first, second = (initializer.draw(random_state, 5, 3, 6.0)[0] for _ in range(2))
    assert not np.isclose(first, second).any()


@every_initializer
def test_weights_spread_around_zero_less_the_more_units_they_join(initializer):
    W, _ = draw(initializer, 100, 50)
    wide, _ = draw(initializer, 400, 200)
    # 5,000 draws: the mean's standard error is 1.4 % of the spread; five of them
    assert abs(W.mean()) < 0.07 * W.std()
    # four times the units, half the spread; its standard error is about 1 %
    assert wide.std() == pytest.approx(W.std() / 2, rel=0.05)


def test_every_initializer_but_the_orthogonal_one_has_a_variance_by_formula():
    assert {*VARIANCES, "orthogonal"} == set(INITIALIZERS)


@pytest.mark.parametrize("shape", [(600, 300), (300, 600)], ids=str)
@pytest.mark.parametrize("name", VARIANCES)
def test_weights_have_the_variance_and_the_shape_of_the_formula(name, shape):
    variance, is_uniform = VARIANCES[name]
    spread = np.sqrt(variance(*shape))
    W, _ = draw(INITIALIZERS[name](), *shape)
    # 180,000 draws: the relative error of the spread is 0.2 %; five of them
    assert W.std() == pytest.approx(spread, rel=0.01)
    # a uniform draw ends at sqrt(3) spreads, and of 180,000 the largest is near it;
    # the largest normal one is beyond 4 of them but once in 80,000 seeds
    largest = np.abs(W).max() / spread
    assert 1.731 < largest <= np.sqrt(3) if is_uniform else largest > 4


@every_initializer
def test_all_biases_but_those_of_scikit_learn_are_zero(initializer):
    _, b = draw(initializer, 4, 100)
    assert b.any() == (initializer == INITIALIZERS["glorot_uniform"]())


@every_initializer
def test_the_gain_changes_the_draw_of_scikit_learn_alone(initializer):
    W, smaller = draw(initializer, 5, 3, 6.0)[0], draw(initializer, 5, 3, 2.0)[0]
    with_gain = initializer == INITIALIZERS["glorot_uniform"]()
    # sqrt(3) in floating point
    np.testing.assert_allclose(W, smaller * (3**0.5 if with_gain else 1), rtol=1e-14)


# --- scikit-learn's


@pytest.mark.parametrize("gain", [2.0, 6.0])
def test_glorot_uniform_fills_its_bound(gain):
    W, b = draw(INITIALIZERS["glorot_uniform"](), 300, 1000, gain)
    bound = np.sqrt(gain / 1300)
    for drawn in (W, b):
        assert np.abs(drawn).max() <= bound
        # the largest of 1,000 draws is above 99 % but once in 23,000 seeds
        assert np.abs(drawn).max() > 0.99 * bound
    # a uniform draw's standard deviation; 300,000 draws make its error 0.1 %
    assert W.std() == pytest.approx(bound / np.sqrt(3), rel=0.01)


def test_glorot_uniform_draws_weights_first_and_biases_after():
    W, b = draw(INITIALIZERS["glorot_uniform"](), 5, 3)
    bound = np.sqrt(6.0 / 8)
    expected = np.random.RandomState(0).uniform(-bound, bound, 5 * 3 + 3)
    np.testing.assert_array_equal(W.ravel(), expected[:15])
    np.testing.assert_array_equal(b, expected[15:])


# --- orthogonal


@pytest.mark.parametrize("scale", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("shape", [(50, 20), (20, 50), (30, 30), (1, 7), (7, 1)])
def test_the_fewer_of_rows_and_columns_are_orthogonal_and_of_length_scale(shape, scale):
    W, _ = draw(Orthogonal(scale), *shape)
    fewer = W if shape[0] < shape[1] else W.T
    # sums of 50 products up to 9
    np.testing.assert_allclose(
        fewer @ fewer.T, scale**2 * np.eye(min(shape)), rtol=0, atol=1e-13
    )


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (5, 3)], ids=str)
def test_orthogonal_weights_have_no_direction_that_they_prefer(shape):
    drawn = [draw(Orthogonal(), *shape, seed=seed)[0] for seed in range(500)]
    # entries of variance 1 / max(shape) <= 1 / 3: the mean's standard error is 0.026
    np.testing.assert_allclose(np.mean(drawn, axis=0), 0, atol=0.13)
    np.testing.assert_allclose(np.var(drawn, axis=0), 1 / max(shape), atol=0.08)
