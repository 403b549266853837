"""How fast skmlp trains and predicts, as ratios against scikit-learn in one run.

What to see: "faster" is scikit-learn's time over skmlp's for the same work, the median
of paired runs. "limit" is the time of the network's matrix products alone (into
buffers, forward and backward, without a gradient for the inputs) over skmlp's time for
a step: 1.00 is as fast as the products allow. "torch" is PyTorch's eager step over
skmlp's, where PyTorch is installed. Both packages end with the same loss.

    python examples/benchmark.py --threads 1 --only 20-100-1
"""

import argparse
import importlib.util
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
import scipy.sparse
import sklearn
import sklearn.neural_network
from threadpoolctl import threadpool_limits

import skmlp
from skmlp.solvers import Adam

PACKAGES = {"scikit-learn": sklearn.neural_network, "skmlp": skmlp}


@dataclass
class Workload:
    """A network, how it is trained, and on how many rows."""

    layers: tuple[int, ...]
    batch: int
    n_rows: int
    n_epochs: int
    activation: str = "relu"
    solver: str = "adam"
    dtype: str = "float64"
    regression: bool = False

    @property
    def name(self) -> str:
        parts = ["-".join(map(str, self.layers)), self.activation, self.solver]
        rows = "all rows" if self.solver == "lbfgs" else f"batch {self.batch}"
        parts += [rows, self.dtype] + ["regression"] * self.regression
        return ", ".join(parts)

    def data(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n_rows, self.layers[0])).astype(self.dtype)
        scores = X @ rng.standard_normal((self.layers[0], max(2, self.layers[-1])))
        y = scores[:, 0] / scores.std() if self.regression else scores.argmax(axis=1)
        return X, y.astype(self.dtype) if self.regression else y

    def estimator(self, package):
        kind = package.MLPRegressor if self.regression else package.MLPClassifier
        return kind(
            hidden_layer_sizes=self.layers[1:-1],
            activation=self.activation,
            solver=self.solver,
            batch_size=self.batch,
            max_iter=self.n_epochs,
            n_iter_no_change=np.inf,
            tol=0.0,
            random_state=0,
        )

    @property
    def n_steps(self) -> int:
        if self.solver == "lbfgs":
            return self.n_epochs
        return self.n_epochs * -(-self.n_rows // self.batch)


WORKLOADS = [
    Workload((4, 5, 2, 3), 32, 320, 200),
    Workload((20, 100, 1), 200, 4000, 100),
    Workload((20, 100, 1), 200, 4000, 100, dtype="float32"),
    Workload((20, 100, 1), 200, 4000, 100, activation="tanh"),
    Workload((20, 100, 10), 200, 4000, 100, activation="logistic"),
    Workload((13, 50, 50, 1), 64, 1280, 100, solver="sgd", regression=True),
    Workload((64, 100, 10), 200, 4000, 60),
    Workload((784, 100, 10), 200, 4000, 15),
    Workload((784, 100, 10), 200, 4000, 15, dtype="float32"),
    Workload((100, 256, 256, 256, 10), 256, 5120, 6),
    Workload((100, 256, 256, 256, 10), 256, 5120, 6, dtype="float32"),
    Workload((50, 512, 512, 1), 1024, 10240, 4),
    Workload((50, 512, 512, 1), 1024, 10240, 4, dtype="float32"),
    Workload((64, 100, 10), 4000, 4000, 40, solver="lbfgs"),
]


def seconds(function, *args) -> float:
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def paired(functions, n_rounds):
    """Seconds of each function, one list a function, taken in turn round by round."""
    for function in functions:  # caches, lazy imports
        function()
    rounds = [[seconds(function) for function in functions] for _ in range(n_rounds)]
    return list(zip(*rounds, strict=True))


def median_ratio(times, others) -> float:
    return statistics.median(a / b for a, b in zip(times, others, strict=True))


# The products, and PyTorch


def products(workload):
    """A function that runs the matrix products of all steps of the workload."""
    rows = min(workload.batch, workload.n_rows)
    rng = np.random.default_rng(0)

    def array(*shape):
        return rng.standard_normal(shape).astype(workload.dtype)

    values = [array(rows, size) for size in workload.layers]
    deltas = [array(rows, size) for size in workload.layers]
    weights = [array(*shape) for shape in pairwise(workload.layers)]
    grads = [np.empty_like(W) for W in weights]

    def run():
        for _ in range(workload.n_steps):
            for i, W in enumerate(weights):
                np.matmul(values[i], W, out=values[i + 1])
            for i in reversed(range(len(weights))):
                np.matmul(values[i].T, deltas[i + 1], out=grads[i])
                if i:
                    np.matmul(deltas[i + 1], weights[i].T, out=deltas[i])

    return run


def torch_steps(workload):
    """A function that trains the same network in PyTorch, eagerly."""
    import torch

    X, y = workload.data()
    kind = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "logistic": torch.nn.Sigmoid}
    modules = []
    for fan_in, fan_out in pairwise(workload.layers):
        modules += [torch.nn.Linear(fan_in, fan_out), kind[workload.activation]()]
    network = torch.nn.Sequential(*modules[:-1]).to(getattr(torch, workload.dtype))
    one_output = workload.layers[-1] == 1
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    y = y.to(X.dtype)[:, None] if one_output else y
    if workload.regression:
        loss = torch.nn.MSELoss()
    else:
        loss = (
            torch.nn.BCEWithLogitsLoss() if one_output else torch.nn.CrossEntropyLoss()
        )
    if workload.solver == "sgd":
        solver = torch.optim.SGD(network.parameters(), 1e-3, 0.9, nesterov=True)
    else:
        solver = torch.optim.Adam(network.parameters(), 1e-3)

    def run():
        for _ in range(workload.n_epochs):
            order = torch.randperm(len(X))
            for start in range(0, len(X), workload.batch):
                rows = order[start : start + workload.batch]
                solver.zero_grad()
                loss(network(X[rows]), y[rows]).backward()
                solver.step()

    return run


# The tables


def training_row(workload, n_rounds, with_torch):
    X, y = workload.data()
    fitted = {}

    def fit(name):
        def run():
            fitted[name] = workload.estimator(PACKAGES[name]).fit(X, y)

        return run

    functions = [fit("scikit-learn"), fit("skmlp")]
    by_batches = workload.solver != "lbfgs"
    functions += [products(workload)] if by_batches else []
    functions += [torch_steps(workload)] if with_torch and by_batches else []
    theirs, ours, *others = paired(functions, n_rounds)
    losses = [fitted[name].loss_ for name in PACKAGES]
    return {
        "workload": workload.name,
        "us/step": f"{statistics.median(ours) / workload.n_steps * 1e6:.0f}",
        "faster": f"{median_ratio(theirs, ours):.2f}x",
        "limit": f"{median_ratio(others[0], ours):.2f}" if others else "",
        "torch": f"{median_ratio(others[1], ours):.2f}x" if len(others) > 1 else "",
        "loss differs by": f"{abs(losses[0] - losses[1]):.0e}",
    }


def extra_memory(function) -> float:
    """MiB allocated at the peak of a call, beyond what was there before."""
    tracemalloc.start()
    result = function()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    size = getattr(result, "nbytes", 0) / 2**20
    return peak - size


def whole_call_row(name, calls, n_rounds, x_bytes=None):
    """A row that compares one call of each package: time and memory."""
    theirs, ours = paired(calls, n_rounds)
    memory = [extra_memory(call) for call in calls]
    row = {
        "call": name,
        "ms": f"{statistics.median(ours) * 1e3:.3g}",
        "faster": f"{median_ratio(theirs, ours):.2f}x",
    }
    for package, mib in zip(PACKAGES, memory, strict=True):
        times = f" ({1 + mib * 2**20 / x_bytes:.2f} X)" if x_bytes else ""
        row[f"{package} MiB"] = f"{mib:.1f}{times}"
    return row


def prediction_rows(n_rounds):
    workload = Workload((20, 100, 100, 1), 200, 2000, 3)
    models = [workload.estimator(p).fit(*workload.data()) for p in PACKAGES.values()]
    X = np.random.default_rng(0).standard_normal((400_000, 20))
    for n_rows, repeat in (400_000, 1), (1, 200):
        rows = X[:n_rows]

        def predict(model, rows=rows, repeat=repeat):
            for _ in range(repeat):
                result = model.predict_proba(rows)
            return result

        calls = [lambda m=m, predict=predict: predict(m) for m in models]
        times = f" {repeat} times" if repeat > 1 else ""
        name = f"predict_proba of {n_rows:,} rows{times}, 20-(100, 100)-1"
        yield whole_call_row(name, calls, n_rounds)


def early_stopping_row(n_rounds):
    workload = Workload((50, 100, 1), 200, 200_000, 2)
    X, y = workload.data()

    def fit(package):
        workload.estimator(package).set_params(early_stopping=True).fit(X, y)

    calls = [lambda p=p: fit(p) for p in PACKAGES.values()]
    name = "fit with early_stopping, 200,000 x 50, 2 epochs"
    return whole_call_row(name, calls, min(3, n_rounds), X.nbytes)


def text_like(rng, n_rows=2000, n_words=30_000, n_entries=60):
    """Rows of words, the k-th most frequent one with a probability as 1 / k."""
    frequency = 1.0 / np.arange(1, n_words + 1)
    frequency /= frequency.sum()
    words = [
        rng.choice(n_words, n_entries, replace=False, p=frequency)
        for _ in range(n_rows)
    ]
    rows = np.repeat(np.arange(n_rows), n_entries)
    entries = rng.random(rows.size), (rows, rng.permutation(n_words)[np.hstack(words)])
    return scipy.sparse.csr_matrix(entries, shape=(n_rows, n_words))


def sparse_rows(n_rounds):
    rng = np.random.default_rng(0)
    X, y = text_like(rng), rng.integers(0, 2, 2000)
    settings = {"hidden_layer_sizes": 50, "max_iter": 3, "random_state": 0}
    for batch_size in 200, 32:
        for how, solver in ("", "adam"), (", lazy", Adam(lazy=True)):
            theirs = PACKAGES["scikit-learn"].MLPClassifier(**settings)
            ours = skmlp.MLPClassifier(solver=solver, **settings)
            calls = [
                lambda m=m, b=batch_size: m.set_params(batch_size=b).fit(X, y)
                for m in (theirs, ours)
            ]
            name = "fit on CSR, 2,000 x 30,000, 60 entries a row, 3 epochs, batch "
            name += f"{batch_size}{how}"
            yield whole_call_row(name, calls, min(3, n_rounds))


def import_row(n_rounds):
    def run(module):
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)

    calls = [lambda: run("sklearn.neural_network"), lambda: run("skmlp")]
    return whole_call_row("import", calls, n_rounds)


def print_table(rows):
    for i, row in enumerate(rows):
        if i == 0:
            print("| " + " | ".join(row) + " |")
            print("|" + "---|" * len(row))
        print("| " + " | ".join(row.values()) + " |", flush=True)


def whole_call_rows(n_rounds):
    yield from prediction_rows(n_rounds)
    yield early_stopping_row(n_rounds)
    yield from sparse_rows(n_rounds)
    yield import_row(n_rounds)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads")
    parser.add_argument("--only", default="", help="workloads whose name has this text")
    parser.add_argument("--rounds", type=int, default=7, help="paired runs a row")
    return parser.parse_args()


def main():
    options = arguments()
    # the epochs are counted, not run to the end
    warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
    with_torch = importlib.util.find_spec("torch") is not None
    print(
        f"{options.threads} BLAS thread(s) of {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}, scipy "
        f"{scipy.__version__}, scikit-learn {sklearn.__version__}\n"
    )
    if with_torch:
        import torch

        torch.set_num_threads(options.threads)
    with threadpool_limits(options.threads):
        chosen = [w for w in WORKLOADS if options.only in w.name]
        print_table(training_row(w, options.rounds, with_torch) for w in chosen)
        if not options.only:
            print()
            print_table(whole_call_rows(options.rounds))


if __name__ == "__main__":
    main()
