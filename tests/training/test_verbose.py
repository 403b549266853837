"""What training prints."""

from skmlp.schedules import Adaptive
from skmlp.training.early_stopping import Patience

from .runs import scripted


def test_training_is_silent_by_default(capsys):
    scripted([3.0, 2.0, 2.0, 2.0], n_iter_no_change=1).run(3)
    assert capsys.readouterr().out == ""


def test_verbose_training_says_the_loss_of_each_iteration(capsys):
    scripted([3.0, 0.1234567891], level=1).run(2)
    assert capsys.readouterr().out.splitlines() == [
        "Iteration 1, loss = 3.00000000",
        "Iteration 2, loss = 0.12345679",
    ]


def test_verbose_training_says_validation_scores_and_why_it_ends(capsys):
    training = scripted([3.0, 2.0, 1.0], [0.5, 0.25, 0.25], 1, level=1)
    assert training.run(9) == "converged"
    assert capsys.readouterr().out.splitlines() == [
        "Iteration 1, loss = 3.00000000",
        "Validation score: 0.500000",
        "Iteration 2, loss = 2.00000000",
        "Validation score: 0.250000",
        "Iteration 3, loss = 1.00000000",
        "Validation score: 0.250000",
        "Validation score did not improve more than tol=0.000000 for 1 consecutive "
        "epochs. Stopping.",
    ]


def test_verbose_adaptive_training_says_the_new_rate_and_its_end(capsys):
    training = scripted(
        9 * [1.0],
        patience=Patience(0.5, 1),
        schedule=Adaptive(),
        learning_rate=2e-6,
        level=1,
    )
    training.run(9)
    lines = [
        line
        for line in capsys.readouterr().out.splitlines()
        if not line.startswith("Iteration")
    ]
    plateau = (
        "Training loss did not improve more than tol=0.500000 for 1 consecutive "
        "epochs. "
    )
    assert lines == [
        plateau + "Setting learning rate to 0.000000",
        plateau + "Learning rate too small. Stopping.",
    ]
