"""The first five minutes: a classifier and a regressor on real data.

What to see: both are ordinary scikit-learn estimators; what worked with
``sklearn.neural_network`` keeps working after a change of the import. Networks want
inputs of similar scale, so the model is a pipeline with StandardScaler. A target in
the hundreds wants scaling, too: TransformedTargetRegressor does and undoes it, so that
predictions come in the target's own units. On a few hundred rows a larger ``alpha``
(the penalty on weights) than the default generalizes better.
"""

from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier, MLPRegressor


def classify():
    """Whether a tumour is benign, from 30 measurements of its cells."""
    data = load_breast_cancer()
    y = data.target_names[data.target]  # labels may be strings
    X_train, X_test, y_train, y_test = train_test_split(data.data, y, random_state=0)

    network = MLPClassifier(
        hidden_layer_sizes=50, alpha=1.0, learning_rate_init=0.01, random_state=0
    )
    model = make_pipeline(StandardScaler(), network)
    model.fit(X_train, y_train)

    print("Classification: breast cancer")
    print(f"trained on {len(X_train)} rows for {network.n_iter_} epochs")
    print(f"accuracy on {len(X_test)} others: {model.score(X_test, y_test):.3f}\n")
    print_probabilities(model, X_test[:8], y_test[:8])


def print_probabilities(model, X, y):
    """A line a row: the truth, the prediction, the probability of each class."""
    classes = "".join(f"{f'P({name})':>14}" for name in model.classes_)
    print(f"{'truth':12}{'predicted':12}{classes}")
    labels, probabilities = model.predict(X), model.predict_proba(X)
    for truth, label, row in zip(y, labels, probabilities, strict=True):
        print(f"{truth:12}{label:12}" + "".join(f"{p:14.3f}" for p in row))


def regress():
    """How far diabetes has progressed after a year, from ten measurements."""
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

    network = MLPRegressor(
        hidden_layer_sizes=50, alpha=10.0, early_stopping=True, random_state=0
    )
    pipeline = make_pipeline(StandardScaler(), network)
    model = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    model.fit(X_train, y_train)

    print("Regression: diabetes")
    print(f"trained on {len(X_train)} rows, a tenth of them to stop early by")
    print(f"R² on {len(X_test)} others: {model.score(X_test, y_test):.3f}\n")
    print(f"{'truth':>8}{'predicted':>12}")
    for truth, value in zip(y_test[:8], model.predict(X_test[:8]), strict=True):
        print(f"{truth:8.0f}{value:12.0f}")


def main():
    classify()
    print()
    regress()


if __name__ == "__main__":
    main()
