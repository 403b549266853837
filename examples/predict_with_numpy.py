"""Predict from a saved model with NumPy alone, without skmlp.

`forward` reads the arrays of a model file and multiplies: those are all that a network
is. What to see: its probabilities beside those of `predict_proba`, and the largest
difference, which is rounding.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

from skmlp import MLPClassifier


def forward(path, X):
    """Probabilities (n_samples, n_classes) of a classifier's file, by relu layers."""
    with np.load(path) as file:
        _, settings, fitted = json.loads(file["model.json"])["model"]["object"]
        assert (
            settings["activation"] == "relu" and fitted["out_activation_"] == "softmax"
        )
        layers = range(fitted["n_layers_"] - 1)
        coefs = [file[f"coefs_.{i}"] for i in layers]
        intercepts = [file[f"intercepts_.{i}"] for i in layers]
    for W, b in zip(coefs[:-1], intercepts[:-1], strict=True):
        X = np.maximum(X @ W + b, 0.0)
    raw = X @ coefs[-1] + intercepts[-1]
    proba = np.exp(raw - raw.max(axis=1, keepdims=True))
    return proba / proba.sum(axis=1, keepdims=True)


def main():
    X, y = load_iris(return_X_y=True)
    mlp = MLPClassifier((20, 10), solver="lbfgs", alpha=1.0, max_iter=1000)
    path = Path(tempfile.mkdtemp()) / "model.skmlp"
    mlp.set_params(random_state=0).fit(X, y).save(path)
    found, expected = forward(path, X), mlp.predict_proba(X)
    print("file:", path.stat().st_size, "bytes")
    print("NumPy: ", found[::50].round(4).tolist())
    print("skmlp: ", expected[::50].round(4).tolist())
    difference = np.abs(found - expected).max()
    print(f"largest difference: {difference:.1g}")
    assert difference < 1e-12


if __name__ == "__main__":
    main()
