"""Parameters that have moved into objects, or that other libraries name otherwise."""

from skmlp.spelling import nearest

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


# Names of other libraries' parameters, by ours.
_CALLED = {
    "max_iter": "epochs n_epochs num_epochs max_epochs",
    "learning_rate_init": "lr eta initial_learning_rate learning_rate_initial base_lr",
    "learning_rate": "scheduler lr_scheduler lr_schedule learning_rate_schedule",
    "solver": "optimizer optim",
    "dropout": "dropout_rate drop_rate p_drop dropout_p",
    "hidden_layer_sizes": "hidden_layers layers hidden_units hidden_dims hidden_dim "
    "hidden_sizes hidden_size layer_sizes units n_hidden",
    "n_iter_no_change": "patience early_stopping_rounds early_stopping_patience",
    "validation_fraction": "validation_split val_fraction val_split val_size",
    "alpha": "l2 l2_reg reg_lambda",
    "alpha_l1": "l1 l1_reg reg_alpha",
    "solver=AdamW(weight_decay=...), or alpha for an L2 penalty": "weight_decay",
    "solver=Adam(clip_norm=...)": "clip_norm clipnorm grad_clip gradient_clipping",
    "random_state": "seed random_seed",
    "batch_size": "batch minibatch_size batchsize",
    "activation": "activation_fn activation_function nonlinearity hidden_activation",
    "n_members": "n_estimators n_ensembles ensemble_size",
    "loss": "criterion loss_fn loss_function objective",
    "scoring": "metric metrics eval_metric",
    "categorical_features": "cat_features categorical_columns categorical_feature",
    "initializer": "init kernel_initializer weight_init",
    "nesterovs_momentum": "nesterov",
    "epsilon": "eps",
    "max_time": "timeout time_limit",
}
OURS = {word: ours for ours, words in _CALLED.items() for word in words.split()}


def hint(names, known=(), prefix="") -> str:
    """A suggestion for each unknown name; "" for none.

    known : the valid names, of which the nearest is suggested.
    prefix : prefix of the valid names, such as "mlp__".
    """
    found = [name.removeprefix("mlp__") for name in names if name not in known]
    return "".join(_said(name, known, prefix) for name in found)


def _said(name, known, prefix) -> str:
    if name in MOVED:
        return f" {name} has moved: use {MOVED[name]}."
    if name in OURS:
        return f" Instead of {name} use {prefix}{OURS[name]}."
    near = nearest(name, [n for n in known if n != "kind"])
    return f" Did you mean {prefix + near!r}?" if near else ""


def refuse_unknown(owner, names, known) -> None:
    """Raise a TypeError for an unknown parameter, suggesting the right name."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise TypeError(
            f"{owner}.__init__() got an unexpected keyword argument {unknown[0]!r}."
            f"{hint(unknown, known)}"
        )
