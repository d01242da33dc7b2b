"""What a process must not share with its children: connections, and threads that a child does not have.

A server may make the application, use it, and fork then (``gunicorn --preload``): two processes that write to one
connection read each other's answers.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")

_given_up: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()

KEPT: list[Any] = []
"""The parent's connections, in a child: to let go of one would end it for the parent, or speak to its server."""


def give_up_in_child(owner: Owner, give_up: Callable[[Owner], None]) -> None:
    """Calls ``give_up`` with ``owner``, as long as there is one, in each process that is forked from this one."""
    _given_up[owner] = give_up


def _in_child() -> None:
    for owner, give_up in list(_given_up.items()):
        give_up(owner)


os.register_at_fork(after_in_child=_in_child)
