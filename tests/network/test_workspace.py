"""Laws of the buffers: fewer rows use the same ones, and no more are kept apart."""

from dataclasses import fields

import numpy as np

from skmlp.network.network import Network
from skmlp.network.workspace import Workspace

from ..conftest import covering
from .networks import MADE, Softsign


def buffers_of(workspace):
    """All buffers of a workspace, by the number of the step and by name."""
    return {
        (i, field.name): array
        for i, (_, _, buffers) in enumerate(workspace.steps)
        for field in fields(buffers)
        if isinstance(array := getattr(buffers, field.name), np.ndarray)
    }


@covering(
    activation={
        "tanh": MADE["tanh"],
        "softsign": Softsign(),
        "prelu": MADE["prelu"],
    },
    dtype=[np.float32, np.float64],
)
def test_fewer_rows_use_the_same_buffers(activation, dtype):
    network = Network((4, 5, 3), activation)
    workspace = Workspace(network.path(), 10, dtype)
    narrower = workspace.rows(6)
    assert workspace.rows(10) is workspace
    assert workspace.rows(6) is narrower
    assert [step[:2] for step in narrower.steps] == [s[:2] for s in workspace.steps]
    wide, narrow = buffers_of(workspace), buffers_of(narrower)
    assert wide.keys() == narrow.keys()
    for name, old in wide.items():
        new = narrow[name]
        assert new.shape == tuple(6 if n == 10 else n for n in old.shape), name
        assert new.dtype == old.dtype == dtype, name
        assert new.flags.c_contiguous == old.flags.c_contiguous, name
        assert new.flags.f_contiguous == old.flags.f_contiguous, name
        if name[1] == "ones":
            np.testing.assert_array_equal(new, np.ones(6, dtype))
            continue
        assert np.shares_memory(old, new), name
        for other in wide:
            apart = not np.shares_memory(old, wide[other])
            assert apart == (not np.shares_memory(new, narrow[other])), (name, other)
    (_, _, first), *_, (_, _, last) = narrower.steps
    assert first.grad_x is workspace.steps[0][2].grad_x is None  # of the data
    assert (first.z is first.a) == (workspace.steps[0][2].z is workspace.steps[0][2].a)
    assert first.z.shape == first.a.shape == (6, 5) and last.z is last.a
    assert last.a.shape == (6, 3) and last.a.flags.f_contiguous
    assert last.grad_x.shape == (6, 5)
    np.testing.assert_array_equal(narrower.ones, np.ones(6, dtype))


def test_z_is_kept_apart_from_a_only_where_a_derivative_needs_it():
    network = Network((4, 5, 3), Softsign())
    path = network.path()
    (_, _, hidden), (_, _, last) = Workspace(path, 10, np.float64).steps
    assert not np.shares_memory(hidden.z, hidden.a)
    assert last.z is last.a
    (_, _, hidden), _ = Workspace(path, 10, np.float64, backward=False).steps
    assert hidden.z is hidden.a
