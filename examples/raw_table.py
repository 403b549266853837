"""A table as people have it, into a model in one call.

The patients of scikit-learn's diabetes data, dressed up as an export from somewhere:
numbers as text with units, decimal commas and "?", dates as text, a nullable column, a
consecutive number, gaps. What to see: what `TableEncoder.report` says that each column
was read as and became, what the fit warns of, and that the model predicts as well as
from the clean numbers. In another dress (parsed dates, plain numbers) the same rows are
predicted alike, to the last bit.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from skmlp import DiagnosticWarning, tabular_pipeline


def clean_table():
    """Ten measurements of 442 patients, and how far the disease went in a year."""
    data = load_diabetes(as_frame=True, scaled=False)
    rng = np.random.default_rng(0)
    days = pd.to_timedelta(rng.integers(0, 730, len(data.target)), unit="D")
    X = data.data.assign(visit=pd.Timestamp("2021-03-01") + days)
    return X, data.target + 0.1 * days.days  # later patients were worse


def as_exported(X):
    """The same with everything that exports do to a table."""
    rng = np.random.default_rng(1)
    raw = pd.DataFrame({"patient": np.arange(1, len(X) + 1)})
    raw["age"] = X["age"].astype("Int64").mask(rng.random(len(X)) < 0.05)
    raw["sex"] = X["sex"].map({1.0: "m", 2.0: "f"}).astype("category")
    raw["bmi"] = [f"{value} kg/m²" for value in X["bmi"]]
    raw["pressure"] = [f"{value:.2f}".replace(".", ",") for value in X["bp"]]
    raw["cholesterol"] = X["s1"].astype(int).astype(str)
    raw.loc[rng.random(len(X)) < 0.04, "cholesterol"] = "?"
    raw.loc[[5, 50], "cholesterol"] = "see letter"
    raw["triglycerides"] = X["s5"].round(3)
    raw["glucose"] = X["s6"].mask(rng.random(len(X)) < 0.1)
    raw["visit"] = X["visit"].dt.strftime("%Y-%m-%d")
    raw["hospital"] = "north"
    return raw


def fit(X, y):
    """A model of a few seconds, and what it warned of."""
    model = tabular_pipeline("regressor", n_members=4, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DiagnosticWarning)
        model.fit(X, y)
    return model, [str(warning.message) for warning in caught]


if __name__ == "__main__":
    clean, y = clean_table()
    raw = as_exported(clean)
    train, test = train_test_split(np.arange(len(y)), random_state=0)

    model, said = fit(raw.iloc[train], y.iloc[train])
    print("Three rows as they came:\n")
    print(raw.head(3).T.to_string(header=False), "\n")
    print("What was understood of each column:\n")
    print(model["table"].report(), "\n")
    print("What the fit warned of:\n")
    print(*(f"- {text}" for text in said), sep="\n")

    reference, _ = fit(clean.iloc[train], y.iloc[train])
    score = model.score(raw.iloc[test], y.iloc[test])
    best = reference.score(clean.iloc[test], y.iloc[test])
    print(f"\nR2 on {len(test)} other patients: {score:.3f}")
    print(f"from the clean table with all its columns: {best:.3f}")

    parsed = raw.iloc[test].assign(
        visit=clean["visit"].iloc[test],
        bmi=clean["bmi"].iloc[test],
        age=raw["age"].iloc[test].astype("float64"),
    )
    same = np.array_equal(model.predict(parsed), model.predict(raw.iloc[test]))
    print(f"The same rows, parsed, are predicted alike: {same}")
