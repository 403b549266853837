"""A fit that is killed in the middle, started again, and none the worse for it.

What to see: with ``checkpoint`` a fit writes its state to a file after each epoch. The
process that trains here is killed without warning, as by a loss of power. The same fit,
started again, reads the file, resumes at the first epoch that is not in it, and ends
with the weights of a fit that was never interrupted, bit for bit, though dropout and
shuffles are random. (An epoch's line is printed before its state is in the file, so
the last one may come twice.) Once it is finished, the file gives the model as it is.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from skmlp import MLPClassifier

EPOCHS_BEFORE_KILL = 12


def train(checkpoint=None, verbose=False):
    """Learn to read digits, from the checkpoint if there is one."""
    X, y = load_digits(return_X_y=True)
    network = MLPClassifier(
        hidden_layer_sizes=(128, 64),
        dropout=0.1,
        tol=1e-3,
        n_iter_no_change=5,
        random_state=0,
        checkpoint=checkpoint,
        verbose=verbose,
    )
    return network.fit(X / 16, y)


def command(path):
    """What trains in a process of its own, and prints a line an epoch."""
    return [sys.executable, "-u", __file__, str(path)]


def train_and_kill(path):
    """Train elsewhere and kill it in the middle; returns the last line it printed."""
    with subprocess.Popen(command(path), stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(EPOCHS_BEFORE_KILL)]
        process.kill()  # SIGKILL: no time to clean up
    return lines[-1].strip()


def train_on(path):
    """Train elsewhere to the end; returns the first line it printed."""
    run = subprocess.run(command(path), stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout.splitlines()[0]


def same_bits(network, other):
    """Whether the weights and biases of both are equal to the last bit."""
    arrays = network.coefs_ + network.intercepts_
    others = other.coefs_ + other.intercepts_
    return all(map(np.array_equal, arrays, others))


def main():
    uninterrupted = train()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.npz"
        print(f"the last line before the kill:   {train_and_kill(path)}")
        print(f"the first line of the next run:  {train_on(path)}")
        resumed = train(path)  # the file is finished: it is only read
    print(f"epochs, killed in the middle:    {resumed.n_iter_}")
    print(f"epochs, never interrupted:       {uninterrupted.n_iter_}")
    print(f"the same weights, bit for bit:   {same_bits(resumed, uninterrupted)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:  # the process that is killed
        train(sys.argv[1], verbose=True)
    else:
        main()
