"""Laws of every initializer in the table."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from skmlp.activations import ACTIVATIONS
from skmlp.initializers import INITIALIZERS, NTK, DataDriven, Orthogonal
from skmlp.network.network import Network

from .conftest import activated

# Those that draw without looking at rows.
DRAWN = {name: make() for name, make in INITIALIZERS.items() if not make.needs_data}
every_initializer = pytest.mark.parametrize("initializer", DRAWN.values(), ids=DRAWN)
# The variance of a weight from fan_in and fan_out, and whether it is uniform.
VARIANCES = {
    "glorot_uniform": (lambda fan_in, fan_out: 6 / (fan_in + fan_out) / 3, True),
    "glorot_normal": (lambda fan_in, fan_out: 2 / (fan_in + fan_out), False),
    "he_uniform": (lambda fan_in, fan_out: 6 / fan_in / 3, True),
    "he_normal": (lambda fan_in, fan_out: 2 / fan_in, False),
    "lecun_uniform": (lambda fan_in, fan_out: 3 / fan_in / 3, True),
    "lecun_normal": (lambda fan_in, fan_out: 1 / fan_in, False),
    "ntk": (lambda fan_in, fan_out: 1 / fan_in, False),
}
WITH_BIASES = ("glorot_uniform", "ntk")


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
    assert {*VARIANCES, "orthogonal"} == set(DRAWN)
    assert {*DRAWN, "data_driven"} == set(INITIALIZERS)


@pytest.mark.parametrize("name", VARIANCES)
def test_weights_have_the_variance_and_the_shape_of_the_formula(name):
    variance, is_uniform = VARIANCES[name]
    for shape in ((600, 300), (300, 600)):
        spread = np.sqrt(variance(*shape))
        W, _ = draw(INITIALIZERS[name](), *shape)
        # 180,000 draws: the relative error of the spread is 0.2 %; five of them
        assert W.std() == pytest.approx(spread, rel=0.01), shape
        # a uniform draw ends at sqrt(3) spreads, and of 180,000 the largest is near
        # it; the largest normal one is beyond 4 of them but once in 80,000 seeds
        largest = np.abs(W).max() / spread
        assert 1.731 < largest <= np.sqrt(3) if is_uniform else largest > 4, shape


def test_all_biases_but_those_of_scikit_learn_and_ntk_are_zero():
    for name, initializer in DRAWN.items():
        _, b = draw(initializer, 4, 100)
        assert b.any() == (name in WITH_BIASES), name


def test_the_gain_changes_the_draw_of_scikit_learn_alone():
    for name, initializer in DRAWN.items():
        W, smaller = draw(initializer, 5, 3, 6.0)[0], draw(initializer, 5, 3, 2.0)[0]
        factor = 3**0.5 if name == "glorot_uniform" else 1.0
        # sqrt(3) in floating point
        np.testing.assert_allclose(W, smaller * factor, rtol=1e-14, err_msg=name)


# --- scikit-learn's


def test_glorot_uniform_fills_its_bound():
    for gain in (2.0, 6.0):
        W, b = draw(INITIALIZERS["glorot_uniform"](), 300, 1000, gain)
        bound = np.sqrt(gain / 1300)
        for drawn in (W, b):
            # the largest of 1,000 draws is above 99 % but once in 23,000 seeds
            assert 0.99 * bound < np.abs(drawn).max() <= bound, gain
        # a uniform draw's standard deviation; 300,000 draws make its error 0.1 %
        assert W.std() == pytest.approx(bound / np.sqrt(3), rel=0.01), gain


def test_glorot_uniform_draws_weights_first_and_biases_after():
    W, b = draw(INITIALIZERS["glorot_uniform"](), 5, 3)
    bound = np.sqrt(6.0 / 8)
    expected = np.random.RandomState(0).uniform(-bound, bound, 5 * 3 + 3)
    np.testing.assert_array_equal(W.ravel(), expected[:15])
    np.testing.assert_array_equal(b, expected[15:])


# --- orthogonal


@pytest.mark.parametrize(
    "shape", [(50, 20), (20, 50), (30, 30), (1, 7), (7, 1)], ids=str
)
def test_the_fewer_of_rows_and_columns_are_orthogonal_and_of_length_scale(shape):
    for scale in (1.0, 0.5, 3.0):
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


# --- ntk


def test_ntk_has_standard_normal_biases():
    _, b = draw(NTK(), 4, 100_000)
    # the standard errors are 0.003 and 0.002; five of them
    assert abs(b.mean()) < 0.016 and abs(b.std() - 1) < 0.011


@every_initializer
def test_the_output_layer_starts_at_zero_with_ntk_alone(initializer):
    for sizes in ((4, 3), (4, 5, 3), (4, 5, 2, 3)):
        network = Network(sizes, ACTIVATIONS["relu"]())
        random_state = np.random.RandomState(0)
        params = network.initial_params(initializer, random_state, np.float64)
        *hidden, (W, b) = network.weights_and_biases(params)
        assert W.any() == (initializer != NTK()), sizes
        assert not b.any() or initializer == INITIALIZERS["glorot_uniform"](), sizes
        assert all(W.any() for W, _ in hidden), sizes


def test_ntk_draws_the_hidden_layers_as_lecun_normal_does():
    first = [draw(INITIALIZERS[name](), 5, 3)[0] for name in ("ntk", "lecun_normal")]
    np.testing.assert_array_equal(*first)


# --- by data

ROWS = np.random.default_rng(0).normal(3.0, [0.1, 1.0, 20.0, 0.0], size=(300, 4))


def by_data(x, fan_out=50, seed=0, **settings):
    random_state = np.random.RandomState(seed)
    return DataDriven(**settings).draw_by_data(random_state, x, fan_out)


@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "csr"])
def test_each_units_values_have_variance_1_over_the_rows(form):
    W, b, z = by_data(form(ROWS))
    assert W.shape == (4, 50) and b.shape == (50,) and z.shape == (300, 50)
    # sums of 300 squares of numbers up to 10
    np.testing.assert_allclose(z.var(axis=0), 1.0, rtol=1e-9)
    np.testing.assert_allclose(z, ROWS @ W + b, rtol=0, atol=1e-10)


def test_a_units_values_are_0_at_a_mixture_of_n_rows():
    # with one row, there; with more, between the least and the largest value
    _, _, z = by_data(ROWS, n_mixed=1)
    np.testing.assert_allclose(np.abs(z).min(axis=0), 0.0, atol=1e-12)
    _, _, z = by_data(ROWS)
    assert (z.min(axis=0) < 0).all() and (z.max(axis=0) > 0).all()


def test_biases_are_the_negative_mixture_with_weights_of_exponential_draws():
    n_mixed, fan_out = 5, 50
    W, b, _ = by_data(ROWS, fan_out, n_mixed=n_mixed)
    again = np.random.RandomState(0)
    directions = again.normal(size=(4, fan_out))
    rows = again.randint(300, size=(n_mixed, fan_out))
    e = again.exponential(size=(n_mixed, fan_out))
    for unit in range(fan_out):
        mixed = e[:, unit] @ ROWS[rows[:, unit]] / e[:, unit].sum()
        # sums of a few products of numbers up to 100
        assert b[unit] == pytest.approx(-mixed @ W[:, unit], rel=1e-9, abs=1e-10)
    # each unit's weights are the draw over one number
    quotients = directions / W
    np.testing.assert_allclose(quotients, quotients[:1].repeat(4, axis=0), rtol=1e-12)


@pytest.mark.parametrize("rows", [ROWS[:1], np.full((20, 4), 0.1)], ids=["one", "same"])
def test_a_unit_that_is_the_same_for_all_rows_keeps_its_weights(rows):
    W, b, z = by_data(rows)
    np.testing.assert_array_equal(W, np.random.RandomState(0).normal(size=(4, 50)))
    # a mixture of equal numbers of order 10 is that number
    np.testing.assert_allclose(z, 0.0, atol=1e-14 * 100)
    np.testing.assert_allclose(b, -(rows[0] @ W), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["relu", "tanh", "prelu"])
def test_each_layer_is_drawn_by_what_the_layers_before_make_of_the_rows(name):
    network = Network((4, 30, 20, 3), ACTIVATIONS[name]())
    params = network.initial_params(
        DataDriven(), np.random.RandomState(0), np.float64, ROWS
    )
    pairs, a = network.weights_and_biases(params), ROWS
    alphas = [*network.alphas(network.views(params)), None]
    for i, (W, b) in enumerate(pairs):
        z = a @ W + b
        # as above
        np.testing.assert_allclose(z.var(axis=0), 1.0, rtol=1e-9)
        a = z if i == 2 else activated(network.activations[i], alphas[i], z)
