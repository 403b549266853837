"""Laws of what a network sees of X, and of networks that learn more than weights."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse

from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import PBLD, CategoryTable, PiecewiseLinear
from skmlp.initializers import INITIALIZERS
from skmlp.network.input_gradients import Outputs, hidden_values
from skmlp.network.inputs import Embedded, Inputs
from skmlp.network.network import Network
from skmlp.network.noise import Noise
from skmlp.network.workspace import block_rows

from ..conftest import activated, central_difference, covering, relative_error
from .learning_networks import (
    HIDDEN,
    N_ROWS,
    TRIED,
    WEIGHT,
    X,
    Y,
    gradient_error,
    inputs_of,
    network_of,
    objective_of,
)

every_inputs = pytest.mark.parametrize("name", TRIED)


DENSE_AND_CSR = {"dense": False, "csr": True}


def embeddings_of(network, views):
    """The parameters of the embeddings."""
    return views[0] if network.inputs.embedded else []


def scale_of(network, views):
    """The learned scale, in a list; none where nothing is scaled."""
    return views[network.dense[0]][2:]


def alphas_of(network, views):
    """The alphas of the hidden layers that learn them, by the layer's number."""
    alphas = enumerate(network.alphas(views))
    return {i: alpha for i, alpha in alphas if alpha is not None}


def extras_of(network, views):
    """All but weights and biases, in the order of the flat vector."""
    of_inputs = [*scale_of(network, views), *embeddings_of(network, views)]
    return [*of_inputs, *alphas_of(network, views).values()]


def seen_by_first_layer(network, views):
    """Its inputs at the rows X, scaled."""
    seen, _ = network.inputs.embed(embeddings_of(network, views), X)
    for scale in scale_of(network, views):
        seen = seen * scale
    return seen


def rows_of(sparse=False, dtype=np.float64):
    return scipy.sparse.csr_array(X.astype(dtype)) if sparse else X.astype(dtype)


def categorical_columns(name):
    parts, _ = TRIED[name]
    tables = [cols for kind, cols in parts if isinstance(kind, CategoryTable)]
    return tables[0] if tables else []


# --- what the first layer sees


def embedded_one_by_one(name, inputs, arrays):
    """X of numbers, and beside it what each embedding makes of its columns."""
    numbers = [j for j in range(5) if j not in categorical_columns(name)]
    expected, at = [X[:, numbers]], 0
    for part in inputs.embedded:
        n = {PBLD: 4, PiecewiseLinear: 3, CategoryTable: 1}[type(part.embedding)]
        own = tuple(arrays[at : at + n])
        values = part.embedding.forward(own, part.constants, X[:, part.columns])[0]
        expected.append(values)
        at += n
    assert at == len(arrays), name
    return np.hstack(expected)


def test_inputs_are_plain_columns_and_then_the_embedded_ones():
    for name in TRIED:
        network, params = network_of(name)
        inputs, arrays = network.inputs, embeddings_of(network, network.views(params))
        found, _ = inputs.embed(arrays, rows_of())
        sparse, _ = inputs.embed(arrays, rows_of(sparse=True))
        np.testing.assert_array_equal(sparse.toarray(), found, name)
        expected = embedded_one_by_one(name, inputs, arrays)
        np.testing.assert_array_equal(found, expected, name)
        first = network.layers[network.dense[0]]
        assert found.shape[1] == inputs.width == inputs.fan_out == first.fan_in, name


def test_inputs_of_nothing_are_x_itself_and_no_layer():
    for name in ("plain", "scaled"):
        inputs, (network, _) = inputs_of(name), network_of(name)
        for rows in (rows_of(), rows_of(sparse=True)):
            values, caches = inputs.embed([], rows)
            assert values is rows and caches == []
        assert not any(isinstance(layer, Inputs) for layer in network.layers)


@every_inputs
def test_a_scale_multiplies_what_the_first_layer_sees(name):
    network, params = network_of(name)
    views, pairs = network.views(params), network.weights_and_biases(params)
    assert len(scale_of(network, views)) == network.learned_scale == TRIED[name][1]
    plain = Network((network.inputs.width, 4, 3, 2), network.activations)
    alphas = alphas_of(network, views).values()
    weights_alone = plain.flatten(pairs, np.float64, alphas)
    seen = seen_by_first_layer(network, views)
    expected = plain.predict(plain.views(weights_alone), seen)
    for sparse in (False, True):
        found = network.predict(views, rows_of(sparse))
        # sums in another order
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@covering(name=list(TRIED), dtype=[np.float32, np.float64])
def test_the_folded_network_gives_the_same_and_its_scale_is_1(name, dtype):
    network, params = network_of(name, dtype=dtype)
    kept, folded = params.copy(), network.folded(params)
    np.testing.assert_array_equal(params, kept)
    assert (folded is params) == (not network.learned_scale)
    views, pairs = network.views(folded), network.weights_and_biases(folded)
    unscaled = Network(network.layer_sizes, network.activations, inputs=network.inputs)
    extras = extras_of(network, views)[int(network.learned_scale) :]
    alone = unscaled.flatten(pairs, dtype, extras)
    for rows in (rows_of(False, dtype), rows_of(True, dtype)):
        expected = network.predict(network.views(params), rows)
        # sums of the same products
        np.testing.assert_array_equal(network.predict(views, rows), expected)
        found = unscaled.predict(unscaled.views(alone), rows)
        np.testing.assert_array_equal(found, expected)
    for scale in scale_of(network, views):
        np.testing.assert_array_equal(scale, 1.0)


# --- the flat vector


def test_views_share_memory_with_the_vector_and_cover_it_exactly_once():
    for name, hidden in product(TRIED, HIDDEN):
        case = f"{name}, {hidden}"
        network, params = network_of(name, hidden)
        params[...] = 0.0
        views = network.views(params)
        for array in [array for layer in views for array in layer]:
            assert np.shares_memory(array, params) or array.size == 0, case
            array += 1.0
        np.testing.assert_array_equal(params, np.ones(network.n_params), case)


def test_flatten_undoes_views():
    for name, hidden in product(TRIED, HIDDEN):
        case = f"{name}, {hidden}"
        network, params = network_of(name, hidden)
        pairs = network.weights_and_biases(params)
        extras = extras_of(network, network.views(params))
        flat = network.flatten(pairs, np.float64, extras)
        np.testing.assert_array_equal(flat, params, case)
        assert not np.shares_memory(flat, params), case


@every_inputs
def test_arrays_of_their_own_are_arranged_as_views_are(name):
    for hidden in HIDDEN:
        network, params = network_of(name, hidden)
        views = network.views(params)
        pairs = [(W.copy(), b.copy()) for W, b in network.weights_and_biases(params)]
        extras = [array.copy() for array in extras_of(network, views)]
        arranged = network.arrange(pairs, extras)
        given = {id(array) for array in [*extras, *(a for p in pairs for a in p)]}
        assert {id(array) for layer in arranged for array in layer} == given, hidden
        for layer, expected in zip(arranged, views, strict=True):
            for array, view in zip(layer, expected, strict=True):
                np.testing.assert_array_equal(array, view, hidden)


def test_flatten_without_extras_has_alphas_as_at_the_start_and_nothing_else():
    network, params = network_of("plain", "two_that_learn")
    flat = network.flatten(network.weights_and_biases(params), np.float64)
    alphas = alphas_of(network, network.views(flat))
    assert len(alphas) == 2 and all((alpha == 1.0).all() for alpha in alphas.values())
    network, params = network_of("periodic", "two_that_learn")
    with pytest.raises(ValueError):
        network.flatten(network.weights_and_biases(params), np.float64)


@every_inputs
def test_groups_divide_the_vector_by_what_parameters_are_for(name):
    parts, scaled = TRIED[name]
    kinds = {type(kind) for kind, _ in parts}
    of_inputs = {"scale"} if scaled else set()
    of_inputs |= {"numeric_embedding"} if kinds & {PBLD, PiecewiseLinear} else set()
    of_inputs |= {"category_embedding"} if CategoryTable in kinds else set()
    for hidden in HIDDEN:
        network, params = network_of(name, hidden)
        groups = dict.fromkeys(network.param_groups(), 0.0)
        for group, places in network.param_groups().items():
            groups[group] = np.zeros(network.n_params)
            for place in places:
                groups[group][place] += 1.0
        np.testing.assert_array_equal(sum(groups.values()), np.ones(network.n_params))
        views, pairs = network.views(params), network.weights_and_biases(params)
        alphas = alphas_of(network, views)
        of_layers = {"weights", "biases"}
        of_layers |= {"activation"} if alphas else set()
        assert set(groups) == of_inputs | of_layers, hidden
        sizes = {
            "weights": sum(W.size for W, _ in pairs),
            "biases": sum(b.size for _, b in pairs),
            "scale": network.inputs.width * scaled,
            "activation": sum(alpha.size for alpha in alphas.values()),
        }
        for group, size in sizes.items():
            assert groups.get(group, np.zeros(1)).sum() == size, (hidden, group)
        assert groups["weights"][: network.n_weights].all(), hidden


@every_inputs
def test_the_first_layers_are_their_weights_biases_and_alphas(name):
    for hidden, n_layers in product(HIDDEN, range(4)):
        network, params = network_of(name, hidden)
        params[...] = 0.0
        for part in network.first(n_layers):
            params[part] = 1.0
        views = network.views(params)
        alphas = alphas_of(network, views)
        for i, (W, b) in enumerate(network.weights_and_biases(params)):
            is_one = float(i < n_layers)
            alpha = alphas.get(i, np.full(1, is_one))
            assert {*W.ravel(), *b, *alpha} == {is_one}, (hidden, n_layers)
        of_inputs = [*scale_of(network, views), *embeddings_of(network, views)]
        assert not any(array.any() for array in of_inputs), (hidden, n_layers)


@every_inputs
def test_first_params_have_scales_of_1_alphas_at_their_start_and_the_same_draws(name):
    for hidden, label in product(HIDDEN, INITIALIZERS):
        network, _ = network_of(name, hidden)

        def draw(dtype, network=network, label=label):
            initializer, random_state = INITIALIZERS[label](), np.random.RandomState(0)
            return network.initial_params(initializer, random_state, dtype, X)

        wide = draw(np.float64)
        views = network.views(wide)
        for scale in scale_of(network, views):
            np.testing.assert_array_equal(scale, 1.0, label)
        for alpha in alphas_of(network, views).values():
            np.testing.assert_array_equal(alpha, 1.0, label)
        np.testing.assert_array_equal(draw(np.float64), wide, label)
        np.testing.assert_array_equal(draw(np.float32), wide.astype("f4"), label)


@every_inputs
def test_weights_are_drawn_as_without_embeddings_which_are_drawn_after_them(name):
    network, _ = network_of(name)
    plain = Network((network.inputs.width, 4, 3, 2), network.activations)
    initializer, random_state = INITIALIZERS["he_normal"](), np.random.RandomState(0)
    params = network.initial_params(initializer, random_state, np.float64)
    again = np.random.RandomState(0)
    expected = plain.initial_params(initializer, again, np.float64)
    pairs_of_plain = plain.weights_and_biases(expected)
    pairs = zip(network.weights_and_biases(params), pairs_of_plain, strict=True)
    for (W, b), (plain_W, plain_b) in pairs:
        np.testing.assert_array_equal(W, plain_W)
        np.testing.assert_array_equal(b, plain_b)
    embeddings = embeddings_of(network, network.views(params))
    drawn = network.inputs.draw(again)
    for found, one in zip(embeddings, drawn, strict=True):
        np.testing.assert_array_equal(found, one)
    # nothing else has been drawn
    np.testing.assert_array_equal(random_state.normal(), again.normal())


# --- gradients


@covering(
    name=list(TRIED),
    hidden=list(HIDDEN),
    sparse=DENSE_AND_CSR,
    weight={"unweighted": None, "weighted": WEIGHT},
    full=True,
)
def test_the_gradient_is_the_derivative_of_the_value(name, hidden, sparse, weight):
    network, params = network_of(name, hidden)
    rows = rows_of(sparse), Y, weight
    # h = 1e-6: truncation about 1e-12 (2 pi x)^3, rounding about 1e-16 * 100 / 1e-6 =
    # 1e-8, beside gradients of norm 1 and more
    assert gradient_error(objective_of(network), params, *rows) < 1e-6


class Redrawing:
    """An objective whose every evaluation draws the same noise."""

    def __init__(self, objective):
        self.objective = objective
        self.start = objective.generator.bit_generator.state

    def value_and_gradient(self, *arguments):
        self.objective.generator.bit_generator.state = self.start
        return self.objective.value_and_gradient(*arguments)


@covering(name=list(TRIED), sparse=DENSE_AND_CSR)
def test_the_gradient_is_the_derivative_with_noise_between_layers(name, sparse):
    network, params = network_of(name, noise=[Noise(), Noise(0.3, 0.2), Noise(0.2)])
    objective = objective_of(network, generator=np.random.default_rng(0))
    # as above
    rows = rows_of(sparse), Y, WEIGHT
    assert gradient_error(Redrawing(objective), params, *rows) < 1e-6


@pytest.mark.parametrize("sparse", DENSE_AND_CSR.values(), ids=DENSE_AND_CSR)
def test_the_gradient_by_a_scale_is_the_derivative_with_noise_on_inputs(sparse):
    network, params = network_of("scaled", noise=[Noise(0.3)] * 3)
    objective = objective_of(network, generator=np.random.default_rng(0))
    # as above
    rows = rows_of(sparse), Y, WEIGHT
    assert gradient_error(Redrawing(objective), params, *rows) < 1e-6


@covering(name=list(TRIED), sparse=DENSE_AND_CSR)
def test_float32_stays_float32_and_is_near_float64(name, sparse):
    narrow, params = network_of(name, dtype=np.float32)
    rows = rows_of(sparse, np.float32), Y.astype(np.float32)
    value, grad = objective_of(narrow, np.float32).value_and_gradient(params, *rows)
    assert grad.dtype == narrow.predict(narrow.views(params), rows[0]).dtype == "f4"
    wide, _ = network_of(name)
    # float32 has the values of these rows and params
    rows = rows[0].astype(np.float64), rows[1].astype(np.float64)
    expected, slope = objective_of(wide).value_and_gradient(
        params.astype(np.float64), *rows
    )
    # some tens of float32's roundings, 6e-8 each
    assert value.total == pytest.approx(expected.total, rel=1e-5)
    assert relative_error(grad, slope) < 1e-4


@covering(name=list(TRIED), hidden=list(HIDDEN))
def test_gradients_by_x_are_derivatives_of_the_outputs(name, hidden):
    network, params = network_of(name, hidden)
    views = network.views(params)
    codes = categorical_columns(name)
    for sparse in (False, True):
        found = Outputs(network, views, [0, 1]).gradients(rows_of(sparse))
        assert found.shape == (N_ROWS, 2, 5)
        np.testing.assert_array_equal(found[:, :, codes], 0.0)
    numbers = [j for j in range(5) if j not in codes]
    for i, output in np.ndindex(N_ROWS, 2):
        # off the bends, which are at training rows: so are the shifted ones
        row = X[i] + np.where(np.isin(np.arange(5), numbers), 0.01, 0.0)
        gradients = Outputs(network, views, [output]).gradients(row[np.newaxis])

        def value(x, row=row, output=output):
            changed = row.copy()
            changed[numbers] = x
            return network.predict(views, changed[np.newaxis])[0, output]

        expected = central_difference(value, row[numbers])
        # h = 1e-6: truncation about 1e-11 times third derivatives, rounding 1e-16 / h
        # times outputs of about 100
        np.testing.assert_allclose(
            gradients[0, 0, numbers], expected, rtol=1e-6, atol=1e-6
        )


def test_gradients_by_sparse_x_are_those_by_dense_x():
    for name in TRIED:
        network, params = network_of(name)
        outputs = Outputs(network, network.views(params), [0, 1])
        dense, sparse = (outputs.gradients(rows_of(s)) for s in (False, True))
        # sums in another order
        np.testing.assert_allclose(sparse, dense, rtol=1e-12, atol=1e-12, err_msg=name)


@every_inputs
def test_hidden_values_are_those_of_the_formula(name):
    for hidden in HIDDEN:
        network, params = network_of(name, hidden)
        views, pairs = network.views(params), network.weights_and_biases(params)
        alphas, x = network.alphas(views), seen_by_first_layer(network, views)
        for number, (W, b) in enumerate(pairs[:-1]):
            activation = network.activations[number]
            x = activated(activation, alphas[number], x @ W + b)
            for sparse in (False, True):
                found = hidden_values(network, views, rows_of(sparse), number)
                # sums in another order
                np.testing.assert_allclose(found, x, rtol=1e-12, atol=1e-12)


# --- blocks of rows


def test_predictions_by_blocks_are_those_at_once(monkeypatch):
    made = {name: network_of(name) for name in TRIED}
    predictions = {
        name: network.predict(network.views(params), X)
        for name, (network, params) in made.items()
    }
    monkeypatch.setattr("skmlp.network.workspace.BLOCK_ROWS", 1)
    monkeypatch.setattr("skmlp.network.workspace.BLOCK_ELEMENTS", 1)
    for name, (network, params) in made.items():
        assert block_rows(network.layers) == 1, name
        found = network.predict(network.views(params), X)
        # products of other shapes may be summed in another order
        np.testing.assert_allclose(
            found, predictions[name], rtol=1e-12, atol=1e-12, err_msg=name
        )


def test_wide_embeddings_are_worked_through_in_blocks_of_fewer_rows():
    def rows_at_once(*parts):
        embedded = [Embedded(kind, np.arange(n)) for kind, n in parts]
        for part in embedded:
            part.constants = part.embedding.constants(np.zeros((1, len(part.columns))))
        inputs = Inputs(1000, embedded)
        network = Network((1000, 4, 1), ACTIVATIONS["relu"](), inputs=inputs)
        return block_rows(network.layers)

    # 65,536 values over the widest layer, 4 units, or over what columns become
    assert rows_at_once() == 65_536 // 4
    assert rows_at_once((PBLD(n_frequencies=16, size=3), 10)) == 65_536 // 160
    assert rows_at_once((PiecewiseLinear(n_bins=4, size=8), 10)) == 65_536 // 80
    assert rows_at_once((CategoryTable(size=8), 1000)) == 256
