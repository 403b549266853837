"""Laws of layers of all kinds, and of the memory from which they take their buffers."""

import numpy as np
import pytest

from skmlp.network.layer import Memory

from .learning_networks import HIDDEN, TRIED, X, network_of

TAKEN = [(3, "C"), (5, "F"), (1, "C")]


def taken(memory):
    return [memory.empty(width, order) for width, order in TAKEN]


def test_memory_gives_arrays_of_its_rows_each_apart_from_the_others():
    for dtype in (np.float32, np.float64):
        arrays = taken(Memory(6, dtype))
        assert [array.shape for array in arrays] == [(6, 3), (6, 5), (6, 1)]
        assert {array.dtype for array in arrays} == {np.dtype(dtype)}
        assert arrays[0].flags.c_contiguous and arrays[1].flags.f_contiguous
        for number, array in enumerate(arrays):
            array[...] = number
        kept = [set(array.ravel().tolist()) for array in arrays]
        assert kept == [{0.0}, {1.0}, {2.0}]


def test_memory_of_fewer_rows_is_a_part_of_that_of_more():
    more = Memory(6, np.float64)
    wide, narrow = taken(more), taken(Memory(4, np.float64, blocks=more.blocks))
    for ours, theirs in zip(narrow, wide, strict=True):
        assert ours.shape == (4, theirs.shape[1])
        assert np.shares_memory(ours, theirs)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_rows_become_as_many_numbers_as_each_layer_says(hidden):
    for name in TRIED:
        network, params = network_of(name, hidden)
        views, x, memory = network.views(params), X, Memory(len(X), params.dtype)
        for layer, number in network.path():
            own = views[number]
            assert [view.shape for view in own] == [shape for _, shape in layer.shapes]
            x = layer.forward(own, x, layer.buffers(memory, "C"))
            assert x.shape == (len(X), layer.fan_out), (name, layer)
