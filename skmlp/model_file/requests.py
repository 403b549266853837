"""Metadata requests of estimators, as set by ``set_fit_request``, as plain values.

scikit-learn keeps them in a private attribute; here only its public names are used.
"""

from typing import Any

import sklearn
from sklearn.utils.metadata_routing import MetadataRequest

# By method, and by the name of what it takes.
Requests = dict[str, dict[str, Any]]

BEFORE, AFTER = "set_", "_request"


def split_requests(
    kind: type[Any], state: dict[str, Any]
) -> tuple[dict[str, Any], Requests]:
    """The attributes of an estimator without its requests, and the requests.

    kind : class of the estimator.
    state : its attributes, by name.
    """
    is_request = {name: isinstance(v, MetadataRequest) for name, v in state.items()}
    attributes = {name: v for name, v in state.items() if not is_request[name]}
    requests: Requests = {}
    for name in state.keys() - attributes.keys():
        found = {m: getattr(state[name], m).requests for m in _methods(kind)}
        requests = {method: dict(params) for method, params in found.items() if params}
    return attributes, requests


def _methods(kind: type[Any]) -> list[str]:
    """The methods for which requests can be set."""
    names = [n for n in dir(kind) if n.startswith(BEFORE) and n.endswith(AFTER)]
    return [name.removeprefix(BEFORE).removesuffix(AFTER) for name in names]


def set_requests(estimator: Any, requests: Requests) -> None:
    """Set the requests of an estimator."""
    with sklearn.config_context(enable_metadata_routing=True):
        for method, params in requests.items():
            getattr(estimator, f"{BEFORE}{method}{AFTER}")(**params)
