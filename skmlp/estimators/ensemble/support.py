"""What ensembles do not support, or only a single network has."""

from skmlp.errors import invalid, short_repr
from skmlp.estimators.ensemble.configurations import check_alone, check_numbers
from skmlp.estimators.ensemble.selection import check_selection


def check_members(settings, request) -> None:
    """Raise a ValueError for what ensembles do not support."""
    if settings.n_members == 1:
        if settings.ensemble.by != "seeds":
            raise settings.invalid("ensemble", "be 'seeds' with n_members=1")
        check_alone(settings)
        return
    check_numbers(settings)
    check_selection(settings, request)
    if settings.warm_start and not request.incremental:
        raise settings.invalid("warm_start", "be False with n_members > 1")
    if settings.checkpoint is not None:
        raise settings.invalid("checkpoint", "be None with n_members > 1")
    if request.extend_classes:
        raise settings.invalid("n_members", "be 1 with extend_classes=True")
    if settings.ensemble.by == "folds":
        _check_folds(settings, request)


def _check_folds(settings, request) -> None:
    folds = f"ensemble={short_repr(settings.given['ensemble'])}"
    if settings.refit:
        raise settings.invalid("refit", f"be False with {folds}")
    if request.validation[0] is not None:
        raise settings.invalid("ensemble", "be 'seeds' with X_val")
    if not settings.holds_out:
        if settings.early_stopping.on_validation:
            expected = "and solver lbfgs, which holds out no rows otherwise"
            raise settings.invalid("scoring", f"be set with {folds} {expected}")
        expected = f"be True with {folds}, which holds out folds"
        raise settings.invalid("early_stopping", expected)


def several_members(owner, members) -> str:
    """The message for what only a single network has."""
    return (
        f"{owner}: n_members must be 1 to inspect the network, got {len(members)}; use "
        "one of members_."
    )


def check_one_member(owner, n_members) -> None:
    """Refuse an ensemble in a wrapper, which uses the one network of its estimator."""
    if n_members != 1:
        expected = "be 1, since the features are those of one network"
        raise invalid(owner, "estimator__n_members", expected, n_members)
