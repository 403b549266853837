"""Entries of warnings on the guide's page of troubleshooting, which have more."""

PAGE = "troubleshooting.md"
# names of the entries, by words of the warnings that they are for
ENTRIES = {
    "the columns of X are of very unequal scale": "unequal-scale",
    "the scale of y is far from that of the network's initial outputs": "far-target",
    "is large compared with the loss of a constant model": "large-tol",
    "the model is no better than a constant one": "constant-model",
    "the training loss jumps by": "jumping-loss",
    "are dead or saturated": "idle-units",
    "has no effect": "no-effect",
    "has reached its end after": "schedule-over",
    "text is read as numbers in column": "text-as-numbers",
    "some text is neither a number nor a date": "unreadable-text",
    "most rows of these columns share one category": "merged-categories",
    "dates that are not ISO (2020-12-31) are read as categories": "not-iso",
    "text of which only a part says numbers": "half-numbers",
    "fit had none of the categories that X now has": "unknown-categories",
    "the loss stopped being finite in": "diverged",
    "The weights are those of the best epoch": "diverged",
    "Maximum iterations (": "max-iter",
    "lbfgs failed to converge after": "lbfgs-failed",
    "no epoch had a validation score above -inf": "no-score",
    "Training interrupted by user": "interrupted",
    "Training stopped by a callback": "stopped",
    "larger than sample size. It is going to be clipped": "clipped-batch",
    "a checkpoint could not be written": "no-checkpoint",
}


def with_entry(text: str) -> str:
    """A warning's text, and after it the entry that has more about it."""
    name = next((name for words, name in ENTRIES.items() if words in text), None)
    return text if name is None else f"{text}\nMore in the guide: {PAGE}, {name}."
