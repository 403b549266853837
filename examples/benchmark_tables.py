"""How good skmlp is on tables of mixed columns, beside other models at their defaults.

What to see: for each table the error of every model on rows that did not train, its
rank, and the seconds of a fit, all means over the seeds. A seed makes one split, the
same for every model, and is the ``random_state`` of every model. The error is 1 - AUC
for two classes, the share of wrong classes for more, and the root mean squared error
for regression. At the end, each model's mean rank, and skmlp's error as a ratio to
that of each other model, the geometric mean over the tables: below 1, skmlp is better.
So that an error near 0 does not decide that mean, no error counts there as less than
1e-4 (1 - AUC), one wrong row of the test part (share of wrong classes) or 1e-3 (log
loss). For the log loss, probabilities are at least 1e-7.

Without a folder this runs on scikit-learn's bundled data. A folder has a manifest.csv
with the columns name, task (binary, multiclass or regression) and file; each file is a
Parquet table with a column "target". Columns that are not numbers are categories.
LightGBM, XGBoost and CatBoost take part where they are installed, and other presets of
skmlp where they are asked for: ``--models skmlp "skmlp fast" "skmlp best"``.

    python examples/benchmark_tables.py
    python examples/benchmark_tables.py FOLDER --seeds 3 --save results.csv
"""

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

MAX_TEST_ROWS = 10_000
ERRORS = {"binary": "1 - AUC", "multiclass": "wrong classes", "regression": "RMSE"}


# The tables


@dataclass
class Table:
    """A named table, read when it is asked for."""

    name: str
    task: str
    read: Callable[[], tuple[pd.DataFrame, pd.Series]]

    def data(self):
        """X, its columns numbers or categories, and y, its classes 0, 1, ..."""
        X, y = self.read()
        names = X.select_dtypes(exclude="number").columns
        X = X.astype(dict.fromkeys(names, "category"))
        if self.task == "regression":
            return X, y.to_numpy(dtype=float)
        return X, np.unique(y, return_inverse=True)[1]


def bundled_tables():
    sets = {
        "breast_cancer": ("binary", datasets.load_breast_cancer),
        "digits": ("multiclass", datasets.load_digits),
        "wine": ("multiclass", datasets.load_wine),
        "diabetes": ("regression", datasets.load_diabetes),
    }
    return [
        Table(name, task, lambda load=load: load(return_X_y=True, as_frame=True))
        for name, (task, load) in sets.items()
    ]


def tables_of(folder):
    def read(file):
        frame = pd.read_parquet(folder / file)
        return frame.drop(columns="target"), frame["target"]

    manifest = pd.read_csv(folder / "manifest.csv")
    return [
        Table(row.name, row.task, lambda file=row.file: read(file))
        for row in manifest.itertuples(index=False)
    ]


def split(table, seed, max_rows):
    """X_train, X_test, y_train, y_test: the same for the same seed."""
    X, y = table.data()
    n_train = min(max_rows, round(0.75 * len(y)))
    return train_test_split(
        X,
        y,
        train_size=n_train,
        test_size=min(MAX_TEST_ROWS, len(y) - n_train),
        stratify=None if table.task == "regression" else y,
        random_state=seed,
    )


# The models: functions of the task, the training rows and the seed


def encoded(model):
    """A pipeline of a model after numbers are filled and scaled, categories one-hot."""
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
    )
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, model)


def linear(task, X, seed):
    if task == "regression":
        return encoded(Ridge(random_state=seed))
    return encoded(LogisticRegression(max_iter=1000, random_state=seed))


def sklearn_mlp(task, X, seed):
    if task == "regression":
        model = encoded(MLPRegressor(random_state=seed))
        return TransformedTargetRegressor(model, transformer=StandardScaler())
    return encoded(MLPClassifier(random_state=seed))


def code_many_levels(X):
    """Category columns of over 255 levels, too many for one bin each, as numbers."""
    names = X.select_dtypes("category").columns
    many = [name for name in names if len(X[name].cat.categories) > 255]
    codes = {name: X[name].cat.codes.astype(float) for name in many}
    return X.assign(**{name: column.mask(column < 0) for name, column in codes.items()})


def hist_gradient_boosting(task, X, seed):
    regression = task == "regression"
    kind = (
        HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    )
    model = kind(categorical_features="from_dtype", random_state=seed)
    return make_pipeline(FunctionTransformer(code_many_levels), model)


def lightgbm(task, X, seed):
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMRegressor if task == "regression" else LGBMClassifier
    return kind(random_state=seed, verbose=-1)


def xgboost(task, X, seed):
    from xgboost import XGBClassifier, XGBRegressor

    kind = XGBRegressor if task == "regression" else XGBClassifier
    return kind(enable_categorical=True, random_state=seed)


def categories_as_text(X):
    names = X.select_dtypes("category").columns
    text = X[names].astype(object).where(X[names].notna(), "missing").astype(str)
    return X.assign(**text)


def catboost(task, X, seed):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostRegressor if task == "regression" else CatBoostClassifier
    model = kind(
        cat_features=list(X.select_dtypes("category").columns),
        random_state=seed,
        verbose=False,
        allow_writing_files=False,
    )
    return make_pipeline(FunctionTransformer(categories_as_text), model)


def ours(task, X, seed, preset="default"):
    from skmlp import tabular_pipeline

    kind = "regressor" if task == "regression" else "classifier"
    return tabular_pipeline(kind, preset=preset, random_state=seed)


MODELS = {
    "linear": linear,
    "sklearn MLP": sklearn_mlp,
    "HistGradientBoosting": hist_gradient_boosting,
    "LightGBM": lightgbm,
    "XGBoost": xgboost,
    "CatBoost": catboost,
    "skmlp": ours,
    "skmlp fast": partial(ours, preset="fast"),
    "skmlp best": partial(ours, preset="best"),
}
ON_REQUEST = ["skmlp fast", "skmlp best"]  # by --models


def installed_models():
    optional = "LightGBM", "XGBoost", "CatBoost"
    missing = [name for name in optional if not importlib.util.find_spec(name.lower())]
    return [name for name in MODELS if name not in [*missing, *ON_REQUEST]]


# The errors


def errors_of(task, model, X, y):
    """The error by the task's measure and, for classes, two more."""
    if task == "regression":
        return {"error": root_mean_squared_error(y, model.predict(X))}
    proba = np.clip(model.predict_proba(X).astype(float), 1e-7, 1)
    wrong = np.mean(proba.argmax(axis=1) != y)
    return {
        "error": 1 - roc_auc_score(y, proba[:, 1]) if task == "binary" else wrong,
        "log_loss": log_loss(y, proba / proba.sum(axis=1, keepdims=True)),
        "classification_error": wrong,
    }


def evaluate(name, make, task, data, seed):
    """Fit one model on one split: a dict of its errors and the seconds of the fit."""
    X_train, X_test, y_train, y_test = data
    is_ours = name.startswith("skmlp")
    silent = nullcontext if is_ours else warnings.catch_warnings
    with silent():
        if not is_ours:
            warnings.simplefilter("ignore")
        model = make(task, X_train, seed)
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        errors = errors_of(task, model, X_test, y_test)
    return {**errors, "seconds": seconds, "test_rows": len(y_test)}


def rows_of(table, names, n_seeds, max_rows):
    """The results on one table, a dict for every seed and model."""
    for seed in range(n_seeds):
        data = split(table, seed, max_rows)
        for name in names:
            result = evaluate(name, MODELS[name], table.task, data, seed)
            yield {
                "table": table.name,
                "task": table.task,
                "seed": seed,
                "model": name,
                **result,
            }


# The report


def print_table(table, rows):
    """The means over seeds, a line a model."""
    frame = pd.DataFrame(rows)
    means = frame.groupby("model", sort=False).mean(numeric_only=True)
    ranks = means["error"].rank()
    title = f"{table.name}: {ERRORS[table.task]}"
    print(f"\n{title:32}{'error':>10}{'rank':>6}{'seconds':>9}", end="")
    classes = "log_loss" in means
    print(f"{'log loss':>10}{'wrong':>8}" if classes else "")
    for name, row in means.iterrows():
        print(f"{name:32}{row.error:10.4g}{ranks[name]:6.1f}{row.seconds:9.2f}", end="")
        last = f"{row.log_loss:10.3f}{row.classification_error:8.3f}" if classes else ""
        print(last, flush=True)


def floors(means):
    """The least errors that count in ratios; RMSE has none."""
    least = {"binary": 1e-4, "multiclass": 1 / means["test_rows"], "regression": 0}
    return sum(
        (means.index.get_level_values("task") == t) * f for t, f in least.items()
    )


def geometric_ratios(values):
    """skmlp's values over those of each model: the geometric mean over the tables."""
    logs = np.log(values.unstack("model"))
    return np.exp(logs.rsub(logs["skmlp"], axis=0).mean())


def print_summary(rows):
    """Each model's mean rank, and skmlp's errors as ratios to its errors."""
    frame = pd.DataFrame(rows)
    means = frame.groupby(["table", "task", "model"]).mean(numeric_only=True)
    ranks = means["error"].groupby("table").rank().groupby("model").mean()
    columns = {"mean rank": ranks}
    if "skmlp" in ranks:
        errors = np.maximum(means["error"], floors(means))
        columns["error ratio"] = geometric_ratios(errors)
        if "log_loss" in means:
            losses = means["log_loss"].dropna().clip(lower=1e-3)
            columns["log loss ratio"] = geometric_ratios(losses)
        columns["time ratio"] = geometric_ratios(means["seconds"])
    n_tables = frame["table"].nunique()
    print(f"\n{f'all {n_tables} tables':24}" + "".join(f"{c:>16}" for c in columns))
    for name in ranks.sort_values().index:
        values = (f"{column[name]:16.3f}" for column in columns.values())
        print(f"{name:24}" + "".join(values))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="tables, a manifest.csv")
    parser.add_argument(
        "--bundled", action="store_true", help="scikit-learn's data, without a folder"
    )
    parser.add_argument("--seeds", type=int, help="splits: 3, or 1 of bundled data")
    parser.add_argument("--rows", type=int, default=4000, help="most rows to train")
    parser.add_argument(
        "--models", nargs="+", metavar="NAME", choices=MODELS, help="; ".join(MODELS)
    )
    parser.add_argument("--tables", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--save", type=Path, help="a CSV file for the results")
    return parser.parse_args()


def main():
    options = arguments()
    bundled = options.bundled or options.folder is None
    tables = bundled_tables() if bundled else tables_of(options.folder)
    if options.tables:
        tables = [table for table in tables if table.name in options.tables]
    if not tables:
        raise SystemExit("no table of that name")
    n_seeds = options.seeds or (1 if bundled else 3)
    names = options.models or installed_models()
    rows = []
    for table in tables:
        new = list(rows_of(table, names, n_seeds, options.rows))
        print_table(table, new)
        rows += new
        if options.save:
            pd.DataFrame(rows).to_csv(options.save, index=False)
    print_summary(rows)


if __name__ == "__main__":
    main()
