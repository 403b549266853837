"""Parameters that have moved into objects: where each setting is now."""

MOVED = {
    "max_norm": "solver=Adam(max_norm=...)",
    "parametrization": "solver=Adam(parametrization='ntk')",
    "rate_factors": "solver=Adam(rate_factors={...})",
    "weight_decay_schedule": "solver=AdamW(decay_schedule=...)",
    "input_dropout": "dropout=Dropout(inputs=...)",
    "input_noise": "dropout=Dropout(noise=...)",
    "dropout_schedule": "dropout=Dropout(rate, schedule=...)",
    "tol_mode": "early_stopping=EarlyStopping(relative_tol=True)",
    "min_updates": "early_stopping=EarlyStopping(min_updates=...)",
    "best_of_ties": "early_stopping=EarlyStopping(tie_break=...)",
    "bagging": "ensemble='folds'",
    "checkpoint_every": "checkpoint=Checkpoint(path, every=...)",
}


def hint(names) -> str:
    """A sentence for each of the names that has moved."""
    found = [name.removeprefix("mlp__") for name in names]
    return "".join(
        f" {name} has moved: use {MOVED[name]}." for name in found if name in MOVED
    )


def refuse_moved(owner, names) -> None:
    """Raise a TypeError that tells where a parameter is now."""
    moved = [name for name in names if name in MOVED]
    if moved:
        raise TypeError(
            f"{owner}.__init__() got an unexpected keyword argument {moved[0]!r}."
            f"{hint(moved)}"
        )
