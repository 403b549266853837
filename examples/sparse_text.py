"""Train on sparse text with lazy updates, beside dense ones and scikit-learn.

What to see: the documentation strings of NumPy, SciPy and scikit-learn are told apart
by their words. A step of ``Adam(lazy=True)`` updates only the weights of the words in
its batch, so it is faster the more words there are and the smaller the batch, at about
the same accuracy.

    python examples/sparse_text.py --batch 32
"""

import argparse
import importlib
import inspect
import pkgutil
import time
import warnings

import numpy
import scipy
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as TheirClassifier

from skmlp import MLPClassifier
from skmlp.solvers import Adam

PACKAGES = (numpy, scipy, sklearn)
SETTINGS = {"hidden_layer_sizes": 50, "max_iter": 3, "random_state": 0}


def public_modules(package):
    """The package's modules that import, tests and private ones left out."""
    yield package
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        parts = info.name.split(".")
        if any(part.startswith("_") or "test" in part for part in parts):
            continue
        try:
            yield importlib.import_module(info.name)
        except Exception:  # modules for other platforms, or for optional packages
            continue


def paragraphs():
    """Paragraphs of documentation, and the package each comes from."""
    texts = {}
    for package in PACKAGES:
        for module in public_modules(package):
            for _, item in inspect.getmembers(module, callable):
                if str(getattr(item, "__module__", "")).startswith(package.__name__):
                    for text in (inspect.getdoc(item) or "").split("\n\n"):
                        if len(text.split()) >= 12:
                            texts[text] = package.__name__
    return list(texts), list(texts.values())


def without_names(texts):
    """Words alone: the packages' own names would give them away."""
    names = {"numpy", "np", "scipy", "sklearn", "scikit", "learn"}
    pattern = r"(?u)\b[^\W\d_]\w+\b"
    vectorizer = TfidfVectorizer(
        token_pattern=pattern, ngram_range=(1, 2), min_df=3, stop_words=list(names)
    )
    return vectorizer.fit_transform(texts)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=200, help="rows a batch")
    parser.add_argument("--paragraphs", type=int, default=6000, help="about how many")
    return parser.parse_args()


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)  # three epochs are enough here
    options = arguments()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecated modules
        texts, labels = paragraphs()
    step = max(1, len(texts) // options.paragraphs)
    texts, labels = texts[::step], labels[::step]
    X = without_names(texts)
    X_train, X_test, y_train, y_test = train_test_split(X, labels, random_state=0)
    n_entries = X_train.nnz / X_train.shape[0]
    print(f"{X_train.shape[0]:,} paragraphs, {X.shape[1]:,} words and pairs, ", end="")
    print(f"{n_entries:.0f} a paragraph\n")
    print(f"{'model':22}{'accuracy':>9}{'seconds':>9}")
    settings = SETTINGS | {"batch_size": options.batch}
    models = {
        "scikit-learn": TheirClassifier(**settings),
        "skmlp": MLPClassifier(**settings),
        "skmlp, Adam(lazy=True)": MLPClassifier(solver=Adam(lazy=True), **settings),
    }
    for name, model in models.items():
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        print(f"{name:22}{model.score(X_test, y_test):9.4f}{seconds:9.1f}")


if __name__ == "__main__":
    main()
