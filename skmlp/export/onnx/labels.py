"""Labels of classes as tensors: strings, whole numbers, other numbers or bools."""

import numpy as np

from skmlp.errors import invalid

KINDS = "biuf"


def label_array(owner, classes):
    """The labels of `classes_` (n_classes,) as an array for a tensor.

    Strings become objects, as numpy_helper of the package onnx expects.
    """
    classes = np.asarray(classes)
    if classes.dtype == object:
        classes = np.array(classes.tolist())
    if classes.dtype.kind == "U":
        return classes.astype(object)
    if classes.dtype.kind not in KINDS or classes.dtype.itemsize > 8:
        expected = "hold strings, numbers or bools to be exported to ONNX"
        raise invalid(owner, "classes_", expected, classes)
    return classes


def pick(classes, codes):
    """The label of each code; codes: a value of integers."""
    classes = codes.graph.constant(classes)
    return codes.graph.add("Gather", classes, codes, axis=0)
