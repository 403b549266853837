"""Records of layers against plain NumPy, and the history that keeps them."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import expit

from skmlp.activations import ACTIVATIONS
from skmlp.network.network import Network
from skmlp.training.history import RECORDS, History
from skmlp.training.layer_stats import FLAT, LAYER_RECORDS, LayerStats, hidden_slopes

from ..conftest import covering

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))

# Of each activation the formula and the size of the derivative.
FORMULAS = {
    "identity": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "logistic": (expit, lambda z: expit(z) * expit(-z)),
    "leaky_relu": (
        lambda z: np.where(z > 0, z, 0.01 * z),
        lambda z: np.where(z > 0, 1.0, 0.01),
    ),
    "silu": (
        lambda z: z * expit(z),
        lambda z: np.abs(expit(z) * (1 + z * expit(-z))),
    ),
}
every_activation = pytest.mark.parametrize("activation", FORMULAS)
HIDDEN = [(), (5,), (5, 4), (6, 5, 4)]


def network_of(hidden, activation="tanh", n_features=3, n_outputs=2):
    sizes = (n_features, *hidden, n_outputs)
    return Network(sizes, ACTIVATIONS[activation]())


def draw(network, scale=1.0, dtype=np.float64, seed=1):
    rng = np.random.default_rng(seed)
    return (scale * rng.normal(size=network.n_params)).astype(dtype)


def by_hand(network, params, X, activation):
    """Raw outputs, and of each hidden layer the values and the slopes' sizes."""
    formula, slope = FORMULAS[activation]
    *hidden, (W, b) = network.weights_and_biases(params)
    found = []
    for V, c in hidden:
        z = X @ V + c
        X = formula(z)
        found.append((X, slope(z)))
    return X @ W + b, found


@every_activation
def test_values_and_slopes_are_those_of_the_formulas(activation):
    for hidden in HIDDEN:
        network = network_of(hidden, activation)
        params = draw(network)
        raw, found = hidden_slopes(network, network.views(params), X)
        expected_raw, expected = by_hand(network, params, X, activation)
        # of sums of up to 6 products in another order, and of exp in another form
        np.testing.assert_allclose(raw, expected_raw, rtol=0, atol=1e-13)
        assert len(found) == len(hidden)
        for pair, expected_pair in zip(found, expected, strict=True):
            np.testing.assert_allclose(pair, expected_pair, rtol=0, atol=1e-13)


def test_sparse_rows_have_the_slopes_of_dense_ones():
    network = network_of((5, 4))
    views = network.views(draw(network))
    dense = np.where(np.abs(X) > 0.5, X, 0.0)
    raw, found = hidden_slopes(network, views, csr_matrix(dense))
    expected_raw, expected = hidden_slopes(network, views, dense)
    np.testing.assert_allclose(raw, expected_raw, rtol=0, atol=1e-13)
    for pair, expected_pair in zip(found, expected, strict=True):
        np.testing.assert_allclose(pair, expected_pair, rtol=0, atol=1e-13)


def step(records, params, grad, new):
    """One step, around which the layers are recorded."""
    records.before(params, grad)
    params[...] = new
    return records.measure(params)


@covering(dtype=[np.float64, np.float32], hidden=HIDDEN)
def test_norms_are_those_of_each_layers_arrays(dtype, hidden):
    network = network_of(hidden)
    params, grad, new = (draw(network, dtype=dtype, seed=s) for s in range(3))
    old = params.copy()
    found = step(LayerStats(network, X.astype(dtype)), params, grad, new)
    # of 24 numbers of 6 digits, or of 15
    rel = 1e-5 if dtype is np.float32 else 1e-12
    for i, (V, c) in enumerate(network.weights_and_biases(grad)):
        expected = np.sqrt(np.sum(V**2) + np.sum(c**2))
        assert found["layer_gradient_norm"][i] == pytest.approx(expected, rel=rel)
    pairs_of = network.weights_and_biases
    pairs = zip(pairs_of(old), pairs_of(new), strict=True)
    for i, ((V, _), (W, _)) in enumerate(pairs):
        expected = np.sqrt(np.sum((W - V) ** 2) / np.sum(V**2))
        assert found["layer_update_ratio"][i] == pytest.approx(expected, rel=rel)


@covering(activation=list(FORMULAS), scale=[0.01, 1.0, 5.0, 100.0])
def test_shares_are_of_slopes_below_a_hundredth(activation, scale):
    assert FLAT == 0.01
    for hidden in HIDDEN:
        network = network_of(hidden, activation)
        params = draw(network, scale)
        found = LayerStats(network, X).measure(params)
        slopes = [slope for _, slope in by_hand(network, params, X, activation)[1]]
        dead = [(slope < FLAT).all(axis=0).mean() for slope in slopes]
        saturated = [(slope < FLAT).mean() for slope in slopes]
        assert found["layer_dead"] == pytest.approx(dead)
        assert found["layer_saturated"] == pytest.approx(saturated)


def test_units_that_no_row_moves_are_dead_and_others_are_not():
    network = network_of((4,), "relu", n_features=1, n_outputs=1)
    params = np.zeros(network.n_params)
    (W, b), _ = network.weights_and_biases(params)
    # dead, dead but for the last row, alive on half of the rows, always alive
    W[0], b[...] = [0, 1, 1, 0], [-1, -3.5, 0, 1]
    rows = np.array([[-2.0], [-1.0], [2.0], [4.0]])
    found = LayerStats(network, rows).measure(params)
    assert found["layer_dead"] == [0.25]
    assert found["layer_saturated"] == [(4 + 3 + 2 + 0) / 16]


def test_nothing_is_learned_of_an_epoch_whose_last_step_was_not_seen():
    # it was cut short; the norms are not those of an epoch before
    network = network_of((4,))
    params, grad, new = (draw(network, seed=s) for s in range(3))
    records = LayerStats(network, X)
    first = records.measure(params)
    step(records, params, grad, new)
    after = records.measure(params)
    for found in (first, after):
        assert np.isnan(found["layer_update_ratio"]).all()
        assert np.isnan(found["layer_gradient_norm"]).all()
        assert len(found["layer_update_ratio"]) == 2
        assert np.isfinite(found["layer_dead"] + found["layer_saturated"]).all()


def test_measuring_changes_neither_parameters_nor_gradient():
    network = network_of((5, 4))
    params, grad = draw(network), draw(network, seed=2)
    before = params.tobytes(), grad.tobytes()
    records = LayerStats(network, X)
    records.before(params, grad)
    records.measure(params)
    assert (params.tobytes(), grad.tobytes()) == before


def test_weights_of_0_have_no_ratio():
    network = network_of((4,))
    params = np.zeros(network.n_params)
    new = draw(network)
    found = step(LayerStats(network, X), params, new.copy(), new)
    assert np.isnan(found["layer_update_ratio"]).all()


# The history


def epoch(history, **layers):
    history.record(1.0, 0.0, 1.0, 1.0, 1.0)
    if layers:
        history.record_layers(**layers)


def test_epochs_without_records_are_nan_before_between_and_after():
    history = History()
    epoch(history)
    epoch(history, layer_dead=[0.1, 0.2])
    epoch(history)
    epoch(history)
    epoch(history, layer_dead=[0.3, 0.4])
    epoch(history)
    nan = [np.nan, np.nan]
    np.testing.assert_array_equal(
        history.as_arrays()["layer_dead"],
        [nan, [0.1, 0.2], nan, nan, [0.3, 0.4], nan],
    )
    assert "layer_saturated" not in history.as_arrays()


def test_layers_without_a_number_are_arrays_without_columns():
    history = History()
    epoch(history)
    epoch(history, layer_dead=[])
    epoch(history)
    assert history.as_arrays()["layer_dead"].shape == (3, 0)


@covering(n_before=[0, 1, 3], n_without=[0, 2])
def test_a_history_goes_on_from_its_arrays(n_before, n_without):
    whole, first = History(), History()
    for history in (whole, first):
        for i in range(n_before):
            epoch(history, **{name: [i, i + 0.5] for name in LAYER_RECORDS})
        for _ in range(n_without):
            epoch(history)
    second = History()
    second.continue_from(first.as_arrays())
    for history in (whole, second):
        epoch(history)
        epoch(history, **{name: [7.0, 8.0] for name in LAYER_RECORDS})
    found, expected = second.as_arrays(), whole.as_arrays()
    assert found.keys() == expected.keys() == set(found) | set(LAYER_RECORDS)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_the_arrays_are_copies():
    history = History()
    epoch(history, layer_dead=[0.1, 0.2])
    history.as_arrays()["layer_dead"][...] = 5.0
    np.testing.assert_array_equal(history.as_arrays()["layer_dead"], [[0.1, 0.2]])


def test_no_record_of_layers_has_the_name_of_another_record():
    assert not set(LAYER_RECORDS) & set(RECORDS)
