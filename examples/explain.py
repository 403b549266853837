"""Which inputs matter: integrated gradients beside permutation importance.

What to see: integrated gradients share out, row by row, how far the log-odds are from
those of the mean tumour; the shares of a row sum to that distance. Their absolute
values, averaged over test rows, tell which measurements the network goes by.
Permutation importance asks another question: how much worse are the probabilities when
a column is shuffled? Measurements that say the same, such as the two of texture, stand
in for each other there. The two agree on much at the top, and not on all. For a single
row only the first has an answer: the last lines say what speaks for and against one
tumour being benign. The picture has both measures, of the ten largest.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier


def print_top(title, names, values, n_top=5):
    """A line for each of the largest values."""
    print(f"\n{title}")
    for i in np.argsort(-np.abs(values))[:n_top]:
        print(f"  {names[i]:24}{values[i]:10.3f}")


def draw(names, measures, n_top=10):
    """Bars of each measure, for what is largest by the first one."""
    top = np.argsort(next(iter(measures.values())))[-n_top:]
    _, axes = plt.subplots(
        1, len(measures), figsize=(6.4, 3.6), sharey=True, layout="constrained"
    )
    for ax, (title, values) in zip(axes, measures.items(), strict=True):
        ax.barh(names[top], values[top])
        ax.set_title(title, fontsize=10)


def main():
    data = load_breast_cancer()
    X, X_test, y, y_test = train_test_split(data.data, data.target, random_state=0)
    scaler = StandardScaler().fit(X)  # the mean tumour is then the baseline of zeros
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    mlp = MLPClassifier(50, "tanh", alpha=1.0, learning_rate_init=0.01, random_state=0)
    mlp.fit(X, y)
    print(f"accuracy on {len(y_test)} test rows: {mlp.score(X_test, y_test):.3f}")

    shares = mlp.integrated_gradients(X_test)
    log_odds = mlp.decision_function(X_test)
    from_mean = log_odds - mlp.decision_function(np.zeros((1, X.shape[1])))
    gap = np.abs(shares.sum(axis=1) - from_mean).max()
    print(f"largest gap between summed shares and log-odds: {gap:.0e}")

    title = "Integrated gradients: the mean absolute share in the log-odds"
    print_top(title, data.feature_names, np.abs(shares).mean(axis=0))
    importance = permutation_importance(
        mlp, X_test, y_test, scoring="neg_log_loss", n_repeats=20, random_state=0
    )
    title = "Permutation importance: what shuffling the column adds to the log loss"
    print_top(title, data.feature_names, importance.importances_mean)

    doubtful = np.argmin(np.abs(log_odds))
    chance = mlp.predict_proba(X_test[[doubtful]])[0, 1]
    title = f"The most doubtful tumour (benign: {chance:.2f}): shares in its log-odds"
    print_top(title, data.feature_names, shares[doubtful])
    measures = {
        "integrated gradients": np.abs(shares).mean(axis=0),
        "permutation importance": importance.importances_mean,
    }
    draw(data.feature_names, measures)
    plt.show()


if __name__ == "__main__":
    main()
