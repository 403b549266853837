"""Labels of every form are the labels that they name."""

import numpy as np
import pytest
from scipy import sparse

from skmlp import MLPClassifier, MLPRegressor

from ...conftest import Optional, assert_same_bits, covering
from ..forms import CODES, FRAME_VALUES, SOLVERS, fitted, pd, pl, small

WORDS = np.array(["ant", "bee", "cicada"])[CODES]
LABEL_FORMS = {
    "list of ints": (lambda y: y.tolist(), CODES),
    "int8": (lambda y: y.astype("i1"), CODES),
    "big-endian": (lambda y: y.astype(">i8"), CODES),
    "whole floats": (lambda y: y * 1.0, CODES),
    "ints from -1": (np.copy, CODES - 1),
    "Series": (lambda y: pd.Series(y, index=np.arange(24)[::-1]), CODES),
    "Series of Int64": (lambda y: pd.Series(y, dtype="Int64"), CODES),
    "polars Series": (lambda y: pl.Series(y), CODES),
    "list of strings": (lambda y: y.tolist(), WORDS),
    "array of strings": (np.copy, WORDS),
    "objects": (lambda y: y.astype(object), WORDS),
    "Series of strings": (lambda y: pd.Series(y), WORDS),
    "Categorical": (lambda y: pd.Series(y, dtype="category"), WORDS),
    "bare Categorical": (lambda y: pd.Categorical(y), WORDS),
    "Categorical with an unused one": (
        lambda y: pd.Series(pd.Categorical(y, categories=[*sorted(set(y)), "zebra"])),
        WORDS,
    ),
    "Categorical of ints": (lambda y: pd.Series(y, dtype="category"), CODES),
    "polars strings": (lambda y: pl.Series(y), WORDS),
    "bool": (np.copy, CODES > 0),
    "list of bools": (lambda y: y.tolist(), CODES > 0),
    "Series of boolean": (lambda y: pd.Series(y, dtype="boolean"), CODES > 0),
    "two words": (lambda y: y.astype(object), np.where(CODES == 1, "bee", "other")),
}


@pytest.mark.parametrize(("form", "labels"), LABEL_FORMS.values(), ids=LABEL_FORMS)
def test_every_form_of_labels_gives_the_model_of_their_codes(form, labels):
    X, y = FRAME_VALUES * 1.0, form(labels)
    classes, codes = np.unique(labels, return_inverse=True)
    model = fitted(small(MLPClassifier), X, y)
    plain = fitted(small(MLPClassifier), X, codes)
    assert_same_bits(model, plain)
    np.testing.assert_array_equal(model.classes_, classes)
    np.testing.assert_array_equal(model.predict(X), classes[plain.predict(X)])
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert model.score(X, y) == plain.score(X, codes)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_columns_of_a_frame_are_several_outputs(package):
    X = FRAME_VALUES * 1.0
    y = np.c_[CODES, -CODES] / 2
    model = fitted(small(MLPRegressor), X, Optional(package).DataFrame(y))
    assert_same_bits(model, fitted(small(MLPRegressor), X, y))
    assert model.predict(X).shape == y.shape


INDICATORS = np.c_[CODES == 0, CODES != 1, FRAME_VALUES[:, 0] > 0].astype(int)


@covering(
    container=["csr", "csc", "coo", "lil"], kind=["matrix", "array"], solver=SOLVERS[1:]
)
def test_sparse_label_indicators_give_the_dense_model(solver, kind, container):
    X = FRAME_VALUES * 1.0
    y = getattr(sparse, f"{container}_{kind}")(INDICATORS)
    model = fitted(small(MLPClassifier, solver=solver), X, y)
    plain = fitted(small(MLPClassifier, solver=solver), X, INDICATORS)
    assert_same_bits(model, plain)
    assert sparse.issparse(model.predict(X))
    np.testing.assert_array_equal(model.predict(X).toarray(), plain.predict(X))
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    np.testing.assert_array_equal(y.toarray(), INDICATORS)


def test_label_indicators_of_every_dtype_give_the_same_bits():
    X = FRAME_VALUES * 1.0
    plain = fitted(small(MLPClassifier), X, INDICATORS)
    for y in (*map(INDICATORS.astype, ["?", "i1", "f4", "f8"]), INDICATORS.tolist()):
        assert_same_bits(fitted(small(MLPClassifier), X, y), plain)


def test_sparse_label_indicators_are_those_of_partial_fit_too():
    X = FRAME_VALUES * 1.0
    first = small(MLPClassifier).partial_fit(X, INDICATORS, classes=[0, 1, 2])
    again = small(MLPClassifier).partial_fit(
        X, sparse.csr_array(INDICATORS), classes=[0, 1, 2]
    )
    assert_same_bits(again, first)
