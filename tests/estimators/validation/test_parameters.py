"""Parameters that stand for numbers: sizes of batches and of layers."""

import pytest

from ...conftest import assert_same_bits
from ..small_models import ESTIMATORS, N_ROWS, partly_fitted, small


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_batches_larger_than_the_data_are_clipped_with_a_warning(kind):
    with pytest.warns(UserWarning, match="batch_size"):
        model = partly_fitted(small(kind, batch_size=N_ROWS + 1))
    assert_same_bits(model, partly_fitted(small(kind, batch_size=N_ROWS)))
