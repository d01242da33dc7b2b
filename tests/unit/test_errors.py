"""Errors are passed between processes: Celery, RQ and `concurrent.futures` pickle exceptions of jobs."""

import pickle
from collections.abc import Iterator

import pytest

from valetkey.core import errors
from valetkey.core.errors import InvalidRequest, StoreUnavailable, UploadNotFound, ValetKeyError


def every(kind: type[ValetKeyError] = ValetKeyError) -> Iterator[type[ValetKeyError]]:
    """The tree of `valetkey.core.errors`."""
    yield from (one for one in {kind} if one.__module__ == errors.__name__)
    for child in kind.__subclasses__():
        yield from every(child)


@pytest.mark.parametrize("kind", sorted(set(every()), key=str))
def test_an_error_comes_back_as_what_it_is(kind: type[ValetKeyError]) -> None:
    """Its class, words, and what else it says, however it is made."""
    error = kind.__new__(kind)
    ValetKeyError.__init__(error, "größe")
    vars(error)["more"] = 17
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.args, vars(again)) == (kind, ("größe",), {"detail": "größe", "more": 17})


@pytest.mark.parametrize("error", [UploadNotFound(), StoreUnavailable("away", 30), InvalidRequest("no", "/size")])
def test_an_error_that_was_raised_comes_back(error: ValetKeyError) -> None:
    """As jobs raise them."""
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
