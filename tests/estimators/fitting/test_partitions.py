"""Partitions of Dask's collections are trained on as one table would be."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.pipeline import make_pipeline

from skmlp import MLPClassifier, MLPRegressor, MLPTransformer
from skmlp.estimators.fitting.partitions import partitions_of

from ...conftest import (
    TASKS,
    WEIGHT,
    Optional,
    X,
    assert_close,
    assert_same_bits,
    covering,
    digest,
    quietly,
)

dask, da, dd, pd = map(Optional, ["dask", "dask.array", "dask.dataframe", "pandas"])
SMALL = {"hidden_layer_sizes": 6, "max_iter": 5, "batch_size": 16, "random_state": 0}
COLUMNS = ["a", "b", "c", "d"]
CUTS = {
    "many": (11,) * 8 + (2,),
    "with empty ones": (0, 50, 0, 1, 39, 0),
}
SOLVERS = ["lbfgs", "adam"]


@pytest.fixture(autouse=True)
def synchronous():
    with dask.config.set(scheduler="synchronous"):
        yield


def array(values, sizes, unknown=False):
    """In partitions of these sizes, of which Dask may not know."""
    values = np.asarray(values)
    stops = np.cumsum(sizes)
    blocks = [values[stop - n : stop] for n, stop in zip(sizes, stops, strict=True)]
    lazy = [
        da.from_delayed(
            dask.delayed(block, traverse=False),
            (np.nan if unknown else len(block), *values.shape[1:]),
            values.dtype,
        )
        for block in blocks
    ]
    return da.concatenate(lazy, allow_unknown_chunksizes=True)


def frame(sizes, y):
    """A data frame with columns of X, and a target."""
    table = pd.DataFrame(X, columns=COLUMNS).assign(target=y)
    stops = np.cumsum(sizes)
    parts = [table.iloc[s - n : s] for n, s in zip(sizes, stops, strict=True)]
    return dd.from_delayed([dask.delayed(part) for part in parts], meta=table[:0])


@covering(
    task=TASKS,
    sizes=CUTS,
    unknown=[False, True],
    weighted=[False, True],
    settings={
        "plain": {},
        "scaled": {"scale_input": True},
        "linear": {"output_bias": "optimum", "hidden_layer_sizes": ()},
        "start from rows": {"initializer": "data_driven"},
    },
)
def test_lbfgs_is_that_of_one_table_to_rounding(
    task, sizes, unknown, weighted, settings
):
    weights = [WEIGHT] if weighted else []
    model = task.make(solver="lbfgs", tol=0, **{**SMALL, **settings})
    expected = task.make(solver="lbfgs", tol=0, **{**SMALL, **settings})
    quietly(expected.fit, X, task.y, *weights)
    lazy = [array(one, sizes, unknown) for one in (X, task.y, *weights)]
    quietly(model.fit, *lazy)
    # sums of the same terms in another order, over five iterations
    assert_close(model, expected, 1e-8)
    assert model.n_iter_ == expected.n_iter_
    assert model.loss_ == pytest.approx(expected.loss_, rel=1e-10)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_mini_batches_are_those_of_one_table_bit_for_bit(task):
    params, sizes = {**SMALL, "shuffle": False}, CUTS["with empty ones"]
    model, expected = task.make(**params), task.make(**params)
    quietly(model.fit, *(array(one, sizes, unknown=True) for one in (X, task.y)))
    quietly(expected.fit, X, task.y)
    assert_same_bits(model, expected)


@pytest.mark.parametrize("solver", SOLVERS)
def test_frames_are_trained_on_with_the_names_of_their_columns(solver):
    y = TASKS["multiclass"].y
    table = frame(CUTS["many"], y)
    params = {**SMALL, "solver": solver, "shuffle": False, "class_weight": "balanced"}
    model = quietly(MLPClassifier(**params).fit, table[COLUMNS], table["target"])
    expected = quietly(MLPClassifier(**params).fit, pd.DataFrame(X, columns=COLUMNS), y)
    assert list(model.feature_names_in_) == COLUMNS
    assert_close(model, expected, 1e-8)
    assert model.predict(table[COLUMNS]).compute().tolist() == list(
        expected.predict(pd.DataFrame(X, columns=COLUMNS))
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_sparse_partitions_and_y_in_memory(solver):
    task = TASKS["regression"]
    params = {**SMALL, "solver": solver, "shuffle": False}
    lazy = array(X, (30, 60)).map_blocks(csr_matrix, meta=csr_matrix((0, 4)))
    model = quietly(MLPRegressor(**params).fit, lazy, task.y, 2.0)
    expected = quietly(MLPRegressor(**params).fit, csr_matrix(X), task.y, 2.0)
    assert_close(model, expected, 1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_validation_rows_of_dask_stop_training(solver):
    y = TASKS["multiclass"].y
    params = {**SMALL, "solver": solver, "shuffle": False, "early_stopping": True}
    params |= {"scoring": "neg_log_loss", "max_iter": 20, "n_iter_no_change": 2}
    params |= {"learning_rate_init": 0.05}
    held = {"X_val": X[60:], "y_val": y[60:], "sample_weight_val": WEIGHT[60:]}
    lazy = {name: array(value, (10, 20)) for name, value in held.items()}
    model, expected = MLPClassifier(**params), MLPClassifier(**params)
    quietly(model.fit, array(X[:60], (20, 40)), array(y[:60], (60,)), **lazy)
    quietly(expected.fit, X[:60], y[:60], **held)
    assert model.best_epoch_ == expected.best_epoch_
    assert_close(model, expected, 1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_warm_start_goes_on(solver):
    params = {**SMALL, "solver": solver, "shuffle": False, "warm_start": True}
    model, expected = MLPRegressor(**params), MLPRegressor(**params)
    for y in (X[:, 0], X[:, 1]):
        quietly(model.fit, array(X, (40, 50)), array(y, (40, 50)))
        quietly(expected.fit, X, y)
    assert_close(model, expected, 1e-7)


def test_a_transformer_trains_its_network_on_partitions():
    task = TASKS["regression"]
    own = task.make(**SMALL, solver="lbfgs")
    model = quietly(
        MLPTransformer(own).fit, array(X, (45, 45)), array(task.y, (45, 45))
    )
    expected = quietly(MLPTransformer(own).fit, X, task.y)
    np.testing.assert_allclose(model.transform(X), expected.transform(X), rtol=1e-7)


def test_x_never_comes_to_this_process_as_a_whole():
    seen = []

    def block(number):
        seen.append(number)
        return X[10 * number : 10 * number + 10]

    lazy = da.concatenate(
        [da.from_delayed(dask.delayed(block)(i), (10, 4), float) for i in range(9)]
    )
    partitions = partitions_of("Owner", lazy, X[:, 0], None)
    each = iter(partitions)
    assert seen == []
    assert [len(part) for part in next(each)] == [10, 10]
    assert seen == [0]


# Faults


def refuse(match, *arguments, kind=MLPRegressor, error=ValueError, **params):
    model = kind(**{**SMALL, "solver": "lbfgs", **params})
    before = digest(model)
    with pytest.raises(error, match=match):
        quietly(model.fit, *arguments)
    assert digest(model) == before


@pytest.mark.parametrize("solver", SOLVERS)
def test_errors_name_the_partition(solver):
    sizes, y = (30, 0, 30, 30), X[:, 0]
    wrong = X.copy()
    wrong[-1, 2] = np.nan
    wrong_y = np.where(np.arange(90) == 89, np.nan, y)
    wrong_weight = np.where(np.arange(90) == 89, -1.0, 1.0)

    def refuse_partition(number, match, *arrays, cut=sizes):
        cuts = [sizes, cut, sizes]
        pairs = zip(arrays, cuts, strict=False)
        lazy = [array(one, some, unknown=True) for one, some in pairs]
        refuse(rf"(?s){match}.*This is partition {number}", *lazy, solver=solver)

    refuse_partition(3, "NaN", wrong, y)
    refuse_partition(3, "y must", X, wrong_y)
    refuse_partition(3, "sample_weight must", X, y, wrong_weight)
    refuse_partition(2, "inconsistent numbers", X, y, cut=(30, 0, 29, 31))
    wrong[40, 1] = np.inf  # of several wrong partitions it is the first
    refuse_partition(2, "infinity", wrong, y)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_partition_that_raises_leaves_the_model_as_it_was(solver):
    def broken(part):
        raise OSError("the disk is gone")

    lazy = array(X, (45, 45))
    lazy = da.concatenate([lazy[:45], lazy[45:].map_blocks(broken, dtype=float)])
    refuse("the disk is gone", lazy, X[:, 0], error=OSError, solver=solver)


def test_what_does_not_fit_together_is_refused():
    lazy, y = array(X, (45, 45)), X[:, 0]
    unknown = array(X, (45, 45), unknown=True)
    refuse("y must have as many rows as X, 90", lazy, y[:80])
    refuse("y must have as many rows as X, 90", lazy, array(y[:80], (80,)))
    refuse("y must be of Dask where", unknown, y)
    refuse(
        "y must have the partitions of X, of which there are 2",
        unknown,
        array(y, (90,)),
    )
    refuse("requires y to be passed", lazy, None)
    refuse("X must have rows", array(X[:0], (0, 0)), array(y[:0], (0, 0)))
    refuse("Expected 2D", array(y, (45, 45)), y)
    mixed = [csr_matrix(X[:45]), X[45:]]
    mixed = da.concatenate(
        [da.from_delayed(dask.delayed(part), (45, 4), float) for part in mixed]
    )
    refuse("be as in the first partition", mixed, y)
    narrow = [X[:45], X[45:].astype(np.float32)]
    narrow = da.concatenate(
        [da.from_delayed(dask.delayed(part), (45, 4), float) for part in narrow]
    )
    refuse("X must be as in the first", narrow, y)


def test_what_needs_all_rows_is_refused():
    lazy, y = array(X, (45, 45)), X[:, 0]
    refuse("n_members must be 1 with Dask", lazy, y, n_members=2)
    for solver in SOLVERS:
        refuse(
            "early_stopping must be False for Dask's collections without X_val",
            lazy,
            y,
            solver=solver,
            early_stopping=True,
            scoring="loss",
        )
    refuse(
        "numeric_embedding must be None for Dask's",
        lazy,
        y,
        numeric_embedding="piecewise_linear",
    )
    with pytest.raises(ValueError, match="X must be in memory for partial_fit"):
        MLPRegressor().partial_fit(lazy, y)
    with pytest.raises(ValueError, match="groups must be None for Dask's collections"):
        MLPRegressor(solver="lbfgs").fit(lazy, y, groups=y)


def test_early_stopping_without_effect_is_ignored_as_in_memory():
    y = X[:, 0]
    params = {**SMALL, "solver": "lbfgs", "early_stopping": True}
    model = quietly(MLPRegressor(**params).fit, array(X, (45, 45)), y)
    assert_close(model, quietly(MLPRegressor(**params).fit, X, y), 1e-8)


def test_a_pipeline_step_before_may_be_lazy():
    class Doubled:
        def fit(self, X, y=None):
            return self

        def fit_transform(self, X, y=None):
            return 2 * X

        transform = fit_transform

    model = make_pipeline(Doubled(), MLPRegressor(**SMALL, solver="lbfgs"))
    lazy = array(X, (45, 45))
    quietly(model.fit, lazy, array(X[:, 0], (45, 45)))
    assert model.predict(lazy).compute().shape == (90,)
