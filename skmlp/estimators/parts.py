"""Parts by their names: their settings come from the estimator's flat parameters."""

from dataclasses import fields


def make_part(table, name, estimator):
    """The part `name` of `table`, its fields set to the parameters of the same name.

    Numbers become plain Python numbers, since NumPy scalars of float64 would turn
    float32 arrays into float64 ones.
    """
    kind = table[name]
    settings = {
        field.name: type(field.default)(getattr(estimator, field.name))
        for field in fields(kind)
    }
    return kind(**settings)
