"""Laws of every loss in the table, at ordinary and at extreme raw outputs."""

from decimal import Decimal, localcontext
from itertools import product

import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from sklearn.metrics import (
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_tweedie_deviance,
)

from skmlp.losses import (
    CLASSIFICATION_LOSSES,
    LOSSES,
    REGRESSION_LOSSES,
    AbsoluteError,
    BinomialFocal,
    BinomialLogLoss,
    Focal,
    GammaDeviance,
    Heads,
    Huber,
    LogCosh,
    LogLoss,
    MultinomialFocal,
    MultinomialLogLoss,
    PoissonDeviance,
    Quantile,
    RegressionLoss,
    SquaredError,
    TweedieDeviance,
)

from .conftest import central_difference

# All of the table, and other settings of those that have settings.
TRIED = {name: make() for name, make in LOSSES.items()} | {
    "multinomial_smoothed": MultinomialLogLoss(0.2),
    "binomial_smoothed": BinomialLogLoss(0.2),
    "multinomial_focal_of_gamma_0.5": MultinomialFocal(0.5),
    "binomial_focal_of_gamma_0": BinomialFocal(0.0),
    "huber_of_delta_0.3": Huber(0.3),
    "quantile_of_level_0.9": Quantile(0.9),
    "quantiles": Quantile([0.9, 0.1, 0.5]),
    "tweedie_of_power_1": TweedieDeviance(1),
    "tweedie_of_power_1.2": TweedieDeviance(1.2),
    "tweedie_of_power_2": TweedieDeviance(2),
}
DEVIANCES = {name: loss for name, loss in TRIED.items() if loss.out_activation == "exp"}


def those(condition):
    """(name, loss) of all losses tried for which the condition is true."""
    return [(name, loss) for name, loss in TRIED.items() if condition(loss)]


def every(condition=lambda loss: True):
    """A case of a test for each of those."""
    chosen = dict(those(condition))
    return pytest.mark.parametrize("loss", chosen.values(), ids=chosen)


def is_for_classes(loss):
    return loss.out_activation in ("softmax", "logistic")


def is_focal(loss):
    return getattr(loss, "gamma", 0) > 0


def is_proper(loss):
    """Whether a row's value is least where the inverse link is y, here or smoothed."""
    return not is_focal(loss)


every_loss = every()
BOTH_DTYPES = np.float32, np.float64

# Targets in each domain, its borders included, by what the domain says or, if it says
# nothing, by the inverse link.
TARGETS = {
    "softmax": lambda rng, n_targets: np.vstack(
        [rng.dirichlet(np.ones(n_targets), 4), np.eye(n_targets)]
    ),
    "logistic": lambda rng, n_targets: np.vstack(
        [rng.uniform(size=(4, n_targets)), rng.integers(0, 2, (4, n_targets))]
    ),
    "identity": lambda rng, n_targets: 3 * rng.normal(size=(6, n_targets)),
    ">= 0": lambda rng, n_targets: np.vstack(
        [rng.poisson(2.0, (4, n_targets)), np.zeros(n_targets), np.full(n_targets, 0.3)]
    ),
    "> 0": lambda rng, n_targets: rng.gamma(2.0, size=(6, n_targets)),
}
LINKS = {"softmax": np.log, "logistic": logit, "identity": np.copy, "exp": np.log}
INVERSE_LINKS = {
    "softmax": lambda raw: softmax(raw, axis=1),
    "logistic": expit,
    "identity": np.copy,
    "exp": np.exp,
}


def problem(loss, n_targets, dtype=np.float64):
    """Targets and raw outputs of a few rows."""
    rng = np.random.default_rng(0)
    Y = TARGETS[loss.domain or loss.out_activation](rng, n_targets)
    raw = rng.normal(scale=2.0, size=(len(Y), loss.n_outputs(n_targets)))
    return Y.astype(dtype), raw.astype(dtype)


def inner_targets(loss, n_targets):
    """Targets off the borders of any domain, where every link is finite."""
    Y = np.random.default_rng(0).dirichlet(np.ones(n_targets), 5)
    if n_targets == 1 and loss.out_activation != "softmax":
        Y *= np.linspace(0.1, 0.9, 5)[:, np.newaxis]
    return Y


def link(loss, Y):
    """The raw outputs at which the value of each row is least."""
    share = getattr(loss, "label_smoothing", 0)
    n_classes = Y.shape[1] if loss.out_activation == "softmax" else 2
    raw = LINKS[loss.out_activation]((1 - share) * Y + share / n_classes)
    return np.repeat(raw, loss.n_outputs(1), axis=1)


def value_and_gradient(loss, Y, raw):
    """The gradient as a new array, and raw as it was."""
    gradient = np.array(raw)
    values = loss.value_and_gradient(Y, gradient)
    return values, gradient


# --- value and gradient


@every_loss
def test_the_gradient_is_the_derivative_of_the_value(loss):
    for n_targets in (1, 3):
        Y, raw = problem(loss, n_targets)
        weight = np.arange(1.0, len(Y) + 1)

        def weighted_sum(flat, Y=Y, raw=raw, weight=weight):
            return weight @ value_and_gradient(loss, Y, flat.reshape(raw.shape))[0]

        _, gradient = value_and_gradient(loss, Y, raw)
        slope = central_difference(weighted_sum, raw.ravel()).reshape(raw.shape)
        # h = 1e-6: truncation about 1e-11, rounding about 1e-16 * 1e3 / 1e-6 = 1e-7
        np.testing.assert_allclose(
            weight[:, np.newaxis] * gradient,
            slope,
            rtol=1e-6,
            atol=1e-6,
            err_msg=f"{n_targets=}",
        )


def largest_jump(loss, n_points):
    """Of the gradient, between neighbours of so many points on a line."""
    Y, raw = problem(loss, 2)
    direction = np.random.default_rng(1).normal(size=raw.shape)
    points = np.linspace(-3, 3, n_points)
    gradients = [value_and_gradient(loss, Y, raw + t * direction)[1] for t in points]
    return np.abs(np.diff(gradients, axis=0)).max()


@every_loss
def test_a_loss_is_smooth_exactly_where_its_gradient_is_continuous(loss):
    coarse, fine = largest_jump(loss, 1001), largest_jump(loss, 2001)
    # at half the distance, half the difference; but a jump stays a jump
    assert loss.smooth == (fine < 0.7 * coarse)
    assert loss.smooth or fine > 0.9 * coarse


def test_there_is_one_value_a_row_and_rows_do_not_mix():
    for name, loss in TRIED.items():
        Y, raw = problem(loss, 3)
        values, gradient = value_and_gradient(loss, Y, raw)
        assert values.shape == (len(Y),), name
        # one row or many: the same few operations, perhaps in another order
        tolerance = {"rtol": 1e-13, "atol": 1e-14, "err_msg": name}
        for i in range(len(Y)):
            value, row = value_and_gradient(loss, Y[i : i + 1], raw[i : i + 1])
            np.testing.assert_allclose(value, values[i : i + 1], **tolerance)
            np.testing.assert_allclose(row, gradient[i : i + 1], **tolerance)


def test_targets_that_do_not_compete_add_up():
    for name, loss in TRIED.items():
        if loss.out_activation == "softmax":
            continue
        Y, raw = problem(loss, 3)
        values, gradient = value_and_gradient(loss, Y, raw)
        columns = np.split(raw, 3, axis=1)
        apart = [value_and_gradient(loss, Y[:, [k]], columns[k]) for k in range(3)]
        # a sum in another order
        total = sum(value for value, _ in apart)
        np.testing.assert_allclose(values, total, rtol=1e-13, err_msg=name)
        side_by_side = np.hstack([grad for _, grad in apart])
        np.testing.assert_allclose(gradient, side_by_side, rtol=1e-13, err_msg=name)


def test_the_gradient_overwrites_raw_and_the_targets_stay():
    for name, loss in TRIED.items():
        Y, raw = problem(loss, 3)
        kept = Y.copy()
        _, gradient = value_and_gradient(loss, Y, raw)
        loss.value_and_gradient(Y, raw)
        np.testing.assert_array_equal(raw, gradient, err_msg=name)
        np.testing.assert_array_equal(Y, kept, err_msg=name)


@pytest.mark.parametrize("order_of_Y", "CF")
@pytest.mark.parametrize("order_of_raw", "CF")
def test_the_order_of_the_arrays_in_memory_does_not_matter(order_of_Y, order_of_raw):
    for name, loss in TRIED.items():
        Y, raw = problem(loss, 3)
        values, gradient = value_and_gradient(loss, Y, raw)
        ordered = np.array(raw, order=order_of_raw)
        ordered_values = loss.value_and_gradient(np.array(Y, order=order_of_Y), ordered)
        # sums in another order
        tolerance = {"rtol": 1e-13, "atol": 1e-14, "err_msg": name}
        np.testing.assert_allclose(ordered_values, values, **tolerance)
        np.testing.assert_allclose(ordered, gradient, **tolerance)
        mean = loss.inverse_link(np.array(raw, order=order_of_raw))
        np.testing.assert_array_equal(mean, loss.inverse_link(raw), err_msg=name)


def test_float32_and_float64_stay_themselves():
    cases = product(TRIED.items(), BOTH_DTYPES, (1, 3))
    for (name, loss), dtype, n_targets in cases:
        case = f"{name}, {dtype.__name__}, {n_targets=}"
        Y, raw = problem(loss, n_targets, dtype)
        assert loss.inverse_link(raw.copy()).dtype == dtype, case
        values = loss.value_and_gradient(Y, raw)
        assert (values.dtype, raw.dtype) == (dtype, dtype), case
        exact, exact_gradient = value_and_gradient(loss, *problem(loss, n_targets))
        # a few roundings of terms up to about 100, the exponential's argument among
        # them
        few = 50 * np.finfo(dtype).eps
        tolerance = {"rtol": few, "atol": few, "err_msg": case}
        np.testing.assert_allclose(values, exact, **tolerance)
        np.testing.assert_allclose(raw, exact_gradient, **tolerance)


def far_out(loss, dtype):
    """Each target with all raw outputs large, all small, and by turns."""
    Y, raw = problem(loss, 3, dtype)
    signs = np.array([np.ones(raw.shape[1]), -np.ones(raw.shape[1])], dtype)
    signs = np.vstack([signs, (-1.0) ** np.arange(raw.shape[1])]).astype(dtype)
    return np.repeat(Y, 3, axis=0), np.tile(1000 * signs, (len(Y), 1))


def test_far_out_values_gradients_and_means_are_finite():
    bounded = those(lambda loss: loss.out_activation != "exp")
    for (name, loss), dtype in product(bounded, BOTH_DTYPES):
        Y, raw = far_out(loss, dtype)
        assert np.isfinite(loss.inverse_link(raw.copy())).all(), (name, dtype)
        values = loss.value_and_gradient(Y, raw)
        assert np.isfinite(values).all() and np.isfinite(raw).all(), (name, dtype)


@pytest.mark.parametrize("loss", DEVIANCES.values(), ids=DEVIANCES)
def test_with_an_exponential_link_only_what_is_too_large_overflows(loss):
    power = {PoissonDeviance: 1, GammaDeviance: 2}.get(type(loss)) or loss.power
    for dtype in BOTH_DTYPES:
        Y, raw = far_out(loss, dtype)
        with np.errstate(divide="ignore"):  # log 0
            # of the two terms of the gradient
            logarithms = (2 - power) * raw, (1 - power) * raw + np.log(Y)
        fits = np.maximum(*logarithms) < np.log(np.finfo(dtype).max)
        with np.errstate(over="ignore"):
            values, gradient = value_and_gradient(loss, Y, raw)
        assert fits.any() and not np.isnan(values).any()
        np.testing.assert_array_equal(np.isfinite(gradient), fits)
        np.testing.assert_array_equal(np.isfinite(values), fits.all(axis=1))
        # 1e3 is above all means, and -1e3 is below those that are not 0
        assert (gradient * raw >= 0)[(Y > 0) | (raw > 0)].all()


# --- links, domains and outputs


def test_the_value_is_least_at_the_link_of_y():
    for (name, loss), n_targets in product(those(is_proper), (2, 3)):
        Y = inner_targets(loss, n_targets)
        raw = link(loss, Y)
        least, gradient = value_and_gradient(loss, Y, raw)
        # y to rounding, and back
        case = f"{name}, {n_targets=}"
        np.testing.assert_allclose(gradient, 0, atol=1e-14, err_msg=case)
        rng = np.random.default_rng(1)
        for _ in range(10):
            elsewhere, _ = value_and_gradient(loss, Y, raw + rng.normal(size=raw.shape))
            assert (elsewhere > least).all(), case


def test_the_inverse_link_undoes_the_link_and_is_the_one_it_names():
    for name, loss in TRIED.items():
        Y = inner_targets(loss, 3)
        undone = INVERSE_LINKS[loss.out_activation](LINKS[loss.out_activation](Y))
        # a logarithm and an exponential of numbers of order 1
        np.testing.assert_allclose(undone, Y, rtol=1e-13, err_msg=name)
        _, raw = problem(loss, 3)
        expected = INVERSE_LINKS[loss.out_activation](raw)
        if name == "quantiles":
            expected = np.sort(raw.reshape(-1, 3)).reshape(raw.shape)
        found = loss.inverse_link(raw)
        # different routes to one function
        np.testing.assert_allclose(found, expected, rtol=1e-14, err_msg=name)


def test_the_link_gives_raw_outputs_of_these_values():
    for name, loss in TRIED.items():
        if isinstance(loss, RegressionLoss):
            _, raw = problem(loss, 3)
            values = loss.inverse_link(raw)
            found = loss.inverse_link(loss.link(values))
            np.testing.assert_allclose(found, values, rtol=1e-14, err_msg=name)


def test_the_link_of_a_mean_that_underflows_is_finite():
    for dtype in ("float32", "float64"):
        raw = REGRESSION_LOSSES["poisson"]().link(np.zeros((1, 1), dtype))
        assert raw.dtype == dtype and np.isfinite(raw).all()


def test_the_domain_says_whether_a_target_may_be_zero():
    for name, loss in TRIED.items():
        raw = np.full((1, loss.n_outputs(1)), 0.5)
        with np.errstate(divide="ignore"):  # log 0
            values, _ = value_and_gradient(loss, np.zeros((1, 1)), raw)
        assert np.isfinite(values).all() == (loss.domain != "> 0"), name


def test_the_deviances_alone_restrict_their_targets():
    domains = {name: loss.domain for name, loss in TRIED.items() if loss.domain}
    assert domains == {
        "poisson": ">= 0",
        "gamma": "> 0",
        "tweedie": ">= 0",
        "tweedie_of_power_1": ">= 0",
        "tweedie_of_power_1.2": ">= 0",
        "tweedie_of_power_2": "> 0",
    }


def test_an_output_for_each_target_and_for_each_of_its_levels():
    for n_targets in (1, 2, 5):
        n_outputs = {name: loss.n_outputs(n_targets) for name, loss in TRIED.items()}
        assert n_outputs.pop("quantiles") == 3 * n_targets
        assert set(n_outputs.values()) == {n_targets}


def test_the_squared_error_alone_is_reported_as_a_mean_over_outputs():
    for n_outputs in (1, 2, 5):
        shares = {name: loss.reported_share(n_outputs) for name, loss in TRIED.items()}
        assert shares.pop("squared_error") == 1 / n_outputs
        assert set(shares.values()) == {1.0}


def test_the_tables_hold_losses_of_their_kinds():
    regression = {name for name, make in LOSSES.items() if not is_for_classes(make())}
    assert regression == set(REGRESSION_LOSSES)
    assert set(CLASSIFICATION_LOSSES.values()) == {LogLoss, Focal}


# --- the best constant


def weighted_mean_value(loss, Y, constant, weight):
    values, _ = value_and_gradient(loss, Y, np.tile(constant, (len(Y), 1)))
    return np.average(values, weights=weight)


WEIGHTINGS = "none", "some_zero"


def weights(kind, n_rows):
    """None, or whole numbers and zeros among them."""
    return None if kind == "none" else np.arange(n_rows) % 4.0


@every_loss
def test_the_constant_optimum_is_a_minimum(loss):
    for n_targets, weighting in product((1, 3), WEIGHTINGS):
        Y, _ = problem(loss, n_targets)
        weight = weights(weighting, len(Y))
        optimum = loss.constant_optimum(Y, weight)
        assert optimum.shape == (loss.n_outputs(n_targets),)
        least = weighted_mean_value(loss, Y, optimum, weight)
        rng = np.random.default_rng(1)
        for spread in np.repeat([1e-3, 0.1, 1.0, 10.0], 20):
            elsewhere = optimum + rng.normal(scale=spread, size=optimum.shape)
            # a mean of a few values of order 1, rounded; below 1e-12, shares are cut
            # off
            assert weighted_mean_value(loss, Y, elsewhere, weight) >= least - 1e-11


@every(lambda loss: loss.smooth)
def test_the_gradient_is_zero_at_the_constant_optimum(loss):
    Y, _ = problem(loss, 3)
    for weighting in WEIGHTINGS:
        weight = weights(weighting, len(Y))
        _, rows = value_and_gradient(
            loss, Y, np.tile(loss.constant_optimum(Y, weight), (len(Y), 1))
        )
        # the minimizer ends at 1e-10, or where the value's rounding, 1e-15, hides the
        # square of the gradient
        mean = np.average(rows, axis=0, weights=weight)
        np.testing.assert_allclose(mean, 0, rtol=0, atol=1e-6, err_msg=weighting)


def test_the_constant_optimum_of_one_row_is_the_link_of_it():
    for name, loss in TRIED.items():
        if not is_proper(loss):
            continue
        for y in inner_targets(loss, 3)[:, np.newaxis]:
            optimum = loss.constant_optimum(y)[np.newaxis]
            # where it is a minimizer's, as in the test of the gradient
            np.testing.assert_allclose(
                loss.inverse_link(optimum),
                loss.inverse_link(link(loss, y)),
                atol=1e-6,
                err_msg=name,
            )


def test_a_weight_of_two_is_a_row_twice_and_of_zero_a_row_left_out():
    for name, loss in TRIED.items():
        Y, _ = problem(loss, 2)
        weight = weights("some_zero", len(Y))
        weighted = loss.constant_optimum(Y, weight)
        repeated = loss.constant_optimum(np.repeat(Y, weight.astype(int), axis=0))
        # the same minimum, perhaps by another path: the value's rounding hides the rest
        np.testing.assert_allclose(
            loss.inverse_link(weighted[np.newaxis]),
            loss.inverse_link(repeated[np.newaxis]),
            atol=1e-6,
            err_msg=name,
        )


def test_the_constant_optimum_is_in_float64_whatever_the_targets():
    for name, loss in TRIED.items():
        Y, _ = problem(loss, 3, np.float32)
        weight = weights("some_zero", len(Y)).astype(np.float32)
        optimum = loss.constant_optimum(Y, weight)
        assert optimum.dtype == np.float64, name
        exact = loss.constant_optimum(Y.astype(np.float64), weight.astype(np.float64))
        np.testing.assert_array_equal(optimum, exact, err_msg=name)


def test_the_constant_optimum_is_finite_at_the_border_of_the_domain():
    bordered = those(lambda loss: is_for_classes(loss) or loss.domain == ">= 0")
    for name, loss in bordered:
        Y = np.zeros((4, 2))
        if loss.out_activation == "softmax":
            Y[:, 0] = 1
        optimum = loss.constant_optimum(Y)
        assert np.isfinite(optimum).all(), name
        share = getattr(loss, "label_smoothing", 0) / 2
        found = loss.inverse_link(optimum[np.newaxis])[0, 1]
        # the minimizer of the focal losses stops where they are flat
        np.testing.assert_allclose(found, share, atol=0.02, err_msg=name)


# --- the losses for classes


@every(lambda loss: loss in (MultinomialLogLoss(), BinomialLogLoss()))
def test_the_log_inverse_link_is_the_logarithm_of_the_inverse_link(loss):
    _, raw = problem(loss, 3)
    # probabilities of at least 1e-4: the logarithm keeps their relative rounding
    np.testing.assert_allclose(
        loss.log_inverse_link(raw), np.log(loss.inverse_link(raw)), rtol=1e-13
    )


@every(is_for_classes)
def test_the_log_inverse_link_is_finite_where_the_inverse_link_is_zero(loss):
    # the distance to the largest raw output, or to 0
    lowest = -2e3 if loss.out_activation == "softmax" else -1e3
    for dtype in BOTH_DTYPES:
        raw = np.array([[-1e3, 0.0, 1e3]], dtype)
        logarithms = loss.log_inverse_link(raw)
        assert logarithms.dtype == dtype
        assert loss.inverse_link(raw)[0, 0] == 0.0
        assert logarithms[0, 0] == lowest
        assert logarithms[0, 2] == 0.0


def exact_multinomial(y, raw):
    """Value and gradient of a row in decimal arithmetic."""
    exponentials = [z.exp() for z in raw]
    total = sum(exponentials)
    value = total.ln() - sum(t * z for t, z in zip(y, raw, strict=True))
    return value, [e / total - t for e, t in zip(exponentials, y, strict=True)]


def exact_binomial(y, raw):
    """Value and gradient of a row in decimal arithmetic."""
    values = [(1 + z.exp()).ln() - t * z for t, z in zip(y, raw, strict=True)]
    return sum(values), [1 / (1 + (-z).exp()) - t for t, z in zip(y, raw, strict=True)]


EXTREMES = [
    [-1e3, 0, 1e3],
    [1e3, 1e3, 1e3],
    [-1e3, -1e3, -1e3],
    [-50, 0, 0.5],
    [800, 40, 0],
]


@pytest.mark.parametrize("raw", EXTREMES, ids=str)
@pytest.mark.parametrize(
    "loss, exact",
    [(MultinomialLogLoss(), exact_multinomial), (BinomialLogLoss(), exact_binomial)],
    ids=["multinomial", "binomial"],
)
def test_log_losses_are_right_at_extreme_raw_outputs(loss, exact, raw):
    for y, dtype in product(np.eye(3), BOTH_DTYPES):
        with localcontext(prec=60):  # 1 + exp(-1000) is 1 then, which no tolerance sees
            exact_value, exact_gradient = exact(
                [Decimal(t) for t in y], [Decimal(z) for z in raw]
            )
        values, gradient = value_and_gradient(
            loss, np.array([y], dtype), np.array([raw], dtype)
        )
        # value: a difference of terms up to max|raw|; gradient: of numbers up to 1
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(
            values, [float(exact_value)], rtol=4 * eps, atol=4 * eps * np.abs(raw).max()
        )
        np.testing.assert_allclose(
            gradient, [np.array(exact_gradient, float)], rtol=0, atol=4 * eps
        )


@pytest.mark.parametrize("make", [BinomialLogLoss, BinomialFocal])
def test_a_confident_wrong_yes_or_no_costs_its_raw_output(make):
    # exactly: log(1 + exp(800)) is 800 in floating point
    values, gradient = value_and_gradient(
        make(), np.array([[0.0], [1.0]]), np.array([[800.0], [-800.0]])
    )
    assert values.tolist() == [800.0, 800.0]
    assert gradient.tolist() == [[1.0], [-1.0]]


@pytest.mark.parametrize("make", [MultinomialLogLoss, MultinomialFocal])
def test_a_confident_wrong_class_costs_its_raw_output(make):
    values, gradient = value_and_gradient(
        make(), np.array([[0.0, 1.0]]), np.array([[800.0, 0.0]])
    )
    assert values.tolist() == [800.0]
    assert gradient.tolist() == [[1.0, -1.0]]


@every(lambda loss: loss.out_activation == "softmax")
def test_shifting_all_raw_outputs_of_a_row_leaves_the_softmax_as_it_was(loss):
    Y, raw = problem(loss, 3)
    values, gradient = value_and_gradient(loss, Y, raw)
    for shift in (-1e3, 0.5, 1e3):
        shifted_values, shifted_gradient = value_and_gradient(loss, Y, raw + shift)
        # the shifted raw outputs are rounded at 1e3: 1e-13
        np.testing.assert_allclose(shifted_values, values, atol=1e-12)
        np.testing.assert_allclose(shifted_gradient, gradient, atol=1e-12)
        np.testing.assert_allclose(
            loss.inverse_link(raw + shift), loss.inverse_link(raw), atol=1e-12
        )


@pytest.mark.parametrize(
    "loss",
    [LogLoss(), LogLoss(label_smoothing=0.1), Focal(), Focal(gamma=0.5)],
    ids=repr,
)
def test_binomial_is_multinomial_with_two_classes(loss):
    y = problem(BinomialLogLoss(), 1)[0]
    raw = np.random.default_rng(1).normal(scale=2.0, size=(len(y), 2))
    values, gradient = value_and_gradient(loss.binomial(), y, raw[:, 1:] - raw[:, :1])
    two_values, two_gradient = value_and_gradient(
        loss.multinomial(), np.hstack([1 - y, y]), raw
    )
    # two routes to numbers of order 1
    np.testing.assert_allclose(two_values, values, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        two_gradient, np.hstack([-gradient, gradient]), rtol=0, atol=1e-14
    )


@pytest.mark.parametrize(
    "focal, log_loss",
    [
        (MultinomialFocal(0), MultinomialLogLoss()),
        (BinomialFocal(0), BinomialLogLoss()),
    ],
    ids=["multinomial", "binomial"],
)
def test_focal_with_gamma_zero_is_the_log_loss(focal, log_loss):
    Y, raw = problem(log_loss, 3)
    for scale in (1.0, 500.0):
        values, gradient = value_and_gradient(focal, Y, scale * raw)
        log_values, log_gradient = value_and_gradient(log_loss, Y, scale * raw)
        # two routes to numbers of order `scale`, and to numbers up to 1
        np.testing.assert_allclose(values, log_values, rtol=1e-13, atol=1e-14 * scale)
        np.testing.assert_allclose(gradient, log_gradient, rtol=0, atol=1e-14)


def test_focal_weighs_the_log_loss_of_each_row_by_what_it_lacks():
    y, raw = np.eye(3), problem(MultinomialFocal(), 3)[1][:3]
    lacking = 1 - softmax(raw, axis=1)[y == 1]
    log_values, _ = value_and_gradient(MultinomialLogLoss(), y, raw)
    for gamma in (0.5, 1.0, 2.0, 5.0):
        values, _ = value_and_gradient(MultinomialFocal(gamma), y, raw)
        # 1 - p loses a digit or two where p is near 1
        np.testing.assert_allclose(
            values, lacking**gamma * log_values, rtol=1e-12, err_msg=f"{gamma=}"
        )


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize(
    "make, n_classes", [(MultinomialLogLoss, 3), (BinomialLogLoss, 2)]
)
def test_label_smoothing_is_the_log_loss_of_smoothed_targets(make, n_classes, share):
    Y, raw = problem(make(), 3)
    smoothed = (1 - share) * Y + share / n_classes
    np.testing.assert_array_equal(
        value_and_gradient(make(share), Y, raw)[1],
        value_and_gradient(make(), smoothed, raw)[1],
    )
    np.testing.assert_array_equal(
        value_and_gradient(make(share), Y, raw)[0],
        value_and_gradient(make(), smoothed, raw)[0],
    )
    # a mean of rows that sum to 1
    np.testing.assert_allclose(
        make(share).constant_optimum(Y), make().constant_optimum(smoothed), rtol=1e-12
    )


def test_a_loss_for_classes_hands_its_settings_to_both_of_its_forms():
    log_loss, focal = LogLoss(label_smoothing=0.3), Focal(gamma=0.7)
    assert log_loss.multinomial() == MultinomialLogLoss(0.3)
    assert log_loss.binomial() == BinomialLogLoss(0.3)
    assert focal.multinomial() == MultinomialFocal(0.7)
    assert focal.binomial() == BinomialFocal(0.7)


@pytest.mark.parametrize("order", "CF")
def test_heads_are_the_sum_of_their_parts_each_on_its_columns(order):
    parts, sizes = [MultinomialLogLoss(), BinomialFocal(), BinomialLogLoss()], [3, 2, 1]
    pairs = [problem(part, size) for part, size in zip(parts, sizes, strict=True)]
    Y = np.hstack([y[:6] for y, _ in pairs])
    raw = np.hstack([part[:6] for _, part in pairs])
    heads, weight = Heads(parts, sizes), np.arange(6.0)
    apart = [
        (part, y[:6], raw[:6]) for part, (y, raw) in zip(parts, pairs, strict=True)
    ]
    expected = [value_and_gradient(*part) for part in apart]
    values, gradient = value_and_gradient(heads, Y, np.array(raw, order=order))
    # sums in another order
    np.testing.assert_allclose(values, sum(v for v, _ in expected), rtol=1e-13)
    np.testing.assert_allclose(
        gradient, np.hstack([g for _, g in expected]), rtol=0, atol=1e-14
    )
    np.testing.assert_array_equal(
        heads.inverse_link(raw), np.hstack([p.inverse_link(r) for p, _, r in apart])
    )
    np.testing.assert_array_equal(
        heads.constant_optimum(Y, weight),
        np.hstack([p.constant_optimum(y, weight) for p, y, _ in apart]),
    )
    assert heads.out_activation == "softmax"


# --- the losses for numbers


def test_squared_error_is_half_the_squared_distance():
    values, _ = value_and_gradient(
        SquaredError(), np.array([[1.0, 2.0]]), np.array([[4.0, -2.0]])
    )
    assert values.tolist() == [12.5]


def test_absolute_error_is_the_distance_along_the_axes():
    values, gradient = value_and_gradient(
        AbsoluteError(), np.array([[1.0, 2.0, 3.0]]), np.array([[4.0, -2.0, 3.0]])
    )
    assert values.tolist() == [7.0]
    assert gradient.tolist() == [[1.0, -1.0, 0.0]]


def test_huber_is_squared_error_near_and_absolute_error_far_from_y():
    Y, raw = problem(Huber(), 3)
    squared = value_and_gradient(SquaredError(), Y, raw)
    # no row is farther away than that, and the formula is then the same
    for found, expected in zip(
        value_and_gradient(Huber(1e6), Y, raw), squared, strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    values, gradient = value_and_gradient(Huber(1e-9), Y, raw)
    absolute, signs = value_and_gradient(AbsoluteError(), Y, raw)
    # less than delta of each of the three distances is missing
    np.testing.assert_allclose(values / 1e-9, absolute, rtol=0, atol=2e-9)
    np.testing.assert_allclose(gradient / 1e-9, signs, rtol=1e-14)


def test_huber_joins_its_halves_at_delta():
    # delta^2 / 2, and delta (1.5 - delta / 2) beyond
    values, gradient = value_and_gradient(
        Huber(0.5), np.zeros((3, 1)), np.array([[-0.5], [0.5], [1.5]])
    )
    assert values.tolist() == [0.125, 0.125, 0.625]
    assert gradient.tolist() == [[-0.5], [0.5], [0.5]]


def test_log_cosh_is_squared_error_near_and_absolute_error_far_from_y():
    distances = np.array([[1e-3], [0.5], [-50.0]])
    values, _ = value_and_gradient(LogCosh(), np.zeros((3, 1)), distances)
    # r^2 / 2 - r^4 / 12; the value is a difference of numbers of order 1
    assert values[0] == pytest.approx(5e-7, abs=1e-12)
    # 1.1276259652 is cosh(0.5), to as many digits
    assert values[1] == pytest.approx(np.log(1.1276259652), abs=1e-10)
    # exp(-100) is nothing beside 50
    assert values[2] == pytest.approx(50 - np.log(2), rel=1e-15)


def test_the_quantile_of_level_one_half_is_half_the_absolute_error():
    Y, raw = problem(Quantile(), 3)
    for found, whole in zip(
        value_and_gradient(Quantile(0.5), Y, raw),
        value_and_gradient(AbsoluteError(), Y, raw),
        strict=True,
    ):
        # a sum in another order
        np.testing.assert_allclose(found, whole / 2, rtol=1e-14)


def test_the_gradient_of_a_quantile_is_zero_where_it_is_met():
    Y = np.array([[1.0], [2.0]])
    assert not value_and_gradient(Quantile(0.9), Y, Y)[1].any()


@pytest.mark.parametrize("n_targets", [1, 2])
def test_several_levels_are_the_levels_one_by_one_on_sorted_outputs(n_targets):
    several, levels = TRIED["quantiles"], (0.1, 0.5, 0.9)
    Y, raw = problem(several, n_targets)
    ordered = several.inverse_link(raw)
    values, gradient = value_and_gradient(several, Y, ordered)
    apart = [
        value_and_gradient(Quantile(level), Y, ordered[:, k::3])
        for k, level in enumerate(levels)
    ]
    # a sum in another order
    np.testing.assert_allclose(values, sum(v for v, _ in apart), rtol=1e-13)
    for k, (_, expected) in enumerate(apart):
        np.testing.assert_array_equal(gradient[:, k::3], expected)
    # and the order of the outputs that were sorted does not count
    np.testing.assert_allclose(
        value_and_gradient(several, Y, raw)[0], values, rtol=1e-13
    )


@pytest.mark.parametrize("n_targets", [1, 2])
def test_quantiles_never_cross(n_targets):
    several = TRIED["quantiles"]
    Y, raw = problem(several, n_targets)
    by_target = raw.reshape(len(raw), n_targets, 3)
    assert (np.diff(by_target, axis=2) < 0).any()  # before
    predicted = several.inverse_link(raw).reshape(by_target.shape)
    assert (np.diff(predicted, axis=2) >= 0).all()
    optimum = several.constant_optimum(Y, weights("some_zero", len(Y)))
    assert (np.diff(optimum.reshape(n_targets, 3), axis=1) >= 0).all()


def test_levels_come_in_any_sequence_and_order():
    for make in (list, tuple, np.array):
        assert Quantile(make([0.5, 0.9, 0.1])).levels == (0.1, 0.5, 0.9)
    assert Quantile(0.25).levels == (0.25,)


def test_the_constant_optimum_of_a_quantile_has_its_share_below():
    Y = np.random.default_rng(0).normal(size=(1000, 1))
    for level in (0.1, 0.5, 0.75):
        optimum = Quantile(level).constant_optimum(Y)
        # whole rows, of which one is the quantile
        assert abs(np.mean(optimum >= Y) - level) <= 1 / 1000


def test_quantile_is_the_pinball_loss_of_scikit_learn():
    Y, raw = problem(Quantile(), 1)
    for level in (0.1, 0.5, 0.75):
        values, _ = value_and_gradient(Quantile(level), Y, raw)
        assert values.mean() == pytest.approx(
            mean_pinball_loss(Y, raw, alpha=level), rel=1e-14
        )


def test_poisson_is_half_the_mean_poisson_deviance_of_scikit_learn():
    Y, raw = problem(PoissonDeviance(), 3)
    assert (Y == 0).any()
    values, _ = value_and_gradient(PoissonDeviance(), Y, raw)
    deviances = [mean_poisson_deviance(Y[:, k], np.exp(raw[:, k])) for k in range(3)]
    # sums of tens of terms up to 10
    assert values.mean() == pytest.approx(sum(deviances) / 2, rel=1e-13)


@pytest.mark.parametrize("power", [1, 1.1, 1.5, 1.9, 2])
def test_tweedie_is_half_the_mean_tweedie_deviance_of_scikit_learn(power):
    loss = TweedieDeviance(power)
    Y, raw = problem(loss, 1)
    values, _ = value_and_gradient(loss, Y, raw)
    deviance = mean_tweedie_deviance(Y[:, 0], np.exp(raw[:, 0]), power=power)
    # sums of terms up to 10 times 1 / (2 - power)
    assert values.mean() == pytest.approx(deviance / 2, rel=1e-12)


@pytest.mark.parametrize("power, other", [(1, PoissonDeviance()), (2, GammaDeviance())])
def test_tweedie_goes_from_poisson_to_gamma(power, other):
    Y, raw = problem(other, 3)
    expected = value_and_gradient(other, Y, raw)
    for found, known in zip(
        value_and_gradient(TweedieDeviance(power), Y, raw), expected, strict=True
    ):
        np.testing.assert_array_equal(found, known)
    near = TweedieDeviance(power + (1e-6 if power == 1 else -1e-6))
    # a millionth of the power changes that much of terms up to 100; and rounding of
    # terms that are divided by a millionth, 1e-8
    for found, known in zip(value_and_gradient(near, Y, raw), expected, strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-4)


def test_a_deviance_is_zero_where_the_mean_is_y():
    Y = np.array([[1.0, 3.0], [0.5, 20.0]])
    for name, loss in DEVIANCES.items():
        values, _ = value_and_gradient(loss, Y, np.log(Y))
        # differences of terms up to 60
        np.testing.assert_allclose(values, 0, atol=1e-13, err_msg=name)


def test_the_constant_optimum_of_a_deviance_has_the_weighted_mean():
    for name, loss in DEVIANCES.items():
        Y, _ = problem(loss, 3)
        weight = weights("some_zero", len(Y))
        mean = np.average(Y, axis=0, weights=weight)
        # a logarithm and an exponential of numbers of order 1
        np.testing.assert_allclose(
            np.exp(loss.constant_optimum(Y, weight)), mean, rtol=1e-14, err_msg=name
        )


def torch_losses(functional):
    """Sums over rows of those of the losses tried that PyTorch has."""
    total = {"reduction": "sum"}
    return {
        "multinomial_log_loss": lambda raw, Y: functional.cross_entropy(
            raw, Y, **total
        ),
        "multinomial_smoothed": lambda raw, Y: functional.cross_entropy(
            raw, Y, label_smoothing=0.2, **total
        ),
        "binomial_log_loss": lambda raw, Y: functional.binary_cross_entropy_with_logits(
            raw, Y, **total
        ),
        "squared_error": lambda raw, Y: functional.mse_loss(raw, Y, **total) / 2,
        "absolute_error": lambda raw, Y: functional.l1_loss(raw, Y, **total),
        "huber_of_delta_0.3": lambda raw, Y: functional.huber_loss(
            raw, Y, delta=0.3, **total
        ),
        # torch leaves out the terms in y alone
        "poisson": lambda raw, Y: (
            functional.poisson_nll_loss(raw, Y, **total) + (Y.xlogy(Y) - Y).sum()
        ),
    }


def test_values_and_gradients_are_those_of_torch():
    torch = pytest.importorskip("torch")
    for name, function in torch_losses(torch.nn.functional).items():
        Y, raw = problem(TRIED[name], 3)
        tensor = torch.tensor(raw, requires_grad=True)
        total = function(tensor, torch.tensor(Y))
        total.backward()
        values, gradient = value_and_gradient(TRIED[name], Y, raw)
        # sums of tens of terms of order 10
        assert values.sum() == pytest.approx(total.item(), rel=1e-13), name
        np.testing.assert_allclose(
            gradient, tensor.grad.numpy(), rtol=1e-13, atol=1e-14, err_msg=name
        )
