"""Group commit: one commit at a time, and all work that arrives during it goes into the next one.

SQLite lets one connection write at a time, and a durable commit costs an fsync whatever it holds. So requests hand
their work over and wait: the response is sent after the commit, and a busy service pays one fsync for many of them.
A separate thread makes the commits, except for a request that arrives while there is none: it makes its own, which
saves two thread switches.
"""

import logging
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Condition, Lock, Thread
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from valetkey.adapters.sql.rows import Row
from valetkey.forks import KEPT, join, renew_in_child

T = TypeVar("T")

log = logging.getLogger("valetkey")

MAX_GROUP = 256
"""The maximum number of pieces of work in one commit, which limits how long the first one waits."""

ATTEMPTS = 5
"""How many times a call is tried if it collides with other transactions."""

COLLISIONS = {"40001", "40P01"}
"""PostgreSQL's serialization_failure and deadlock_detected (its manual, appendix A): the same work may succeed now."""


class Work(Generic[T]):
    """One request's work. ``rows`` are inserted together with those of others; ``call`` is anything else."""

    __slots__ = ("_after", "_done", "call", "error", "leads", "result", "rows")

    def __init__(self, rows: list[Row] | None, call: Callable[[Connection], T] | None) -> None:
        self.rows = rows
        self.call = call
        self.leads = False  # whether the thread that brings it makes the commit
        self.result: T | None = None
        self.error: BaseException | None = None
        self._after: list[Callable[[], None]] = []  # called by the thread that removes it
        self._done = Lock()
        self._done.acquire()

    def wait(self) -> None:
        """Waits until it is durable or has failed."""
        self._done.acquire()

    def take_error(self) -> BaseException | None:
        """The error of its failure, once: the error holds the frames of the commit, and these hold the work."""
        error, self.error = self.error, None
        return error

    def call_after(self, then: Callable[[], None]) -> bool:
        """Makes the writer's thread call ``then`` when it is; returns False, without a call, if it already is."""
        self._after.append(then)
        if not self._done.acquire(blocking=False):
            return True
        try:
            self._after.pop()
        except IndexError:  # the thread has just taken it
            return True
        self._done.release()
        return False

    def finish(self) -> None:
        """Marks it as durable or failed."""
        self._done.release()
        try:
            then = self._after.pop()
        except IndexError:
            return
        try:
            then()
        except Exception:
            log.exception("a function that follows a commit has failed")


class GroupWriter:
    """Runs work on one connection of ``engine``, in transactions shared by all waiting threads; its thread starts when
    it is first needed. ``require`` raises if what was opened is not the database any more: a commit would be durable
    for nobody."""

    def __init__(
        self,
        engine: Engine,
        insert: Callable[[Connection, Sequence[Row]], None],
        require: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._insert = insert
        self._require = require
        self._reset()
        renew_in_child(self, GroupWriter._forget)

    def _reset(self) -> None:
        self._lock = Lock()
        self._became_idle = Condition(self._lock)
        self._is_committing = False  # one thread at a time has the connection
        self._waiting: list[Work[Any]] = []
        self._thread: Thread | None = None
        self._wake: SimpleQueue[bool] = SimpleQueue()  # True: there is work; False: the thread ends
        self._connection: Connection | None = None  # kept: taking one from the pool costs more than a row

    def _forget(self) -> None:
        """Resets the writer in a forked child: the thread and its work have stayed with the parent."""
        KEPT.append(self._connection)
        self._reset()

    def insert(self, rows: list[Row]) -> None:
        """Inserts ``rows``, all or none, and returns when they are durable. Raises what the database raised."""
        work: Work[None] = Work(rows, None)
        self._wait(work)

    def begin_insert(self, rows: list[Row]) -> Work[None]:
        """Starts inserting ``rows`` without waiting for the commit."""
        work: Work[None] = Work(rows, None)  # annotated by its name: subscripting it costs as much as creating it
        with self._lock:
            self._waiting.append(work)
            if self._is_committing:
                return work
            self._is_committing = True
        self._hand_on()
        return work

    def run(self, call: Callable[[Connection], T]) -> T:
        """Runs ``call`` in a transaction and returns its result when that is durable.

        ``call`` may be run twice (the second time alone), so it must do nothing outside of the database.
        """
        return cast("T", self._wait(Work(None, call)))

    def close(self) -> None:
        """Ends the thread and closes the connection, after the work that waits."""
        with self._lock:
            self._became_idle.wait_for(lambda: not self._is_committing)
            self._is_committing = True
        try:
            if self._thread is not None:
                self._wake.put(False)
                join(self._thread)  # the process may be forked next
                self._thread = None
            self._reconnect()
        finally:
            self._hand_on()

    def _wait(self, work: Work[T]) -> T | None:
        try:
            self._lead_or_follow(work)
            if work.leads:
                self._commit([work])
            else:
                work.wait()
        finally:  # also if a signal's handler raises
            if work.leads:
                self._hand_on()
        if (error := work.take_error()) is not None:
            try:
                raise error
            finally:
                del error  # it holds this frame
        return work.result

    def _lead_or_follow(self, work: Work[Any]) -> None:
        with self._lock:
            if self._is_committing:
                self._waiting.append(work)
            else:
                self._is_committing = work.leads = True

    def _hand_on(self) -> None:
        """Gives the right to commit to the thread, if there is work for it."""
        while self._more():
            try:
                self._wake_thread()
            except RuntimeError:  # the system cannot start a thread now
                self._commit(self._next_group())
            else:
                return

    def _more(self) -> bool:
        """Whether work waits; if none does, the right to commit is given up."""
        with self._lock:
            if self._waiting:
                return True
            self._is_committing = False
            self._became_idle.notify_all()
            return False

    def _wake_thread(self) -> None:
        if self._thread is None:
            thread = Thread(target=self._loop, args=(self._wake,), name="valetkey-writer", daemon=True)
            thread.start()
            self._thread = thread
        self._wake.put(True)

    def _loop(self, wake: SimpleQueue[bool]) -> None:
        while wake.get():
            while self._more():
                self._commit(self._next_group())

    def _next_group(self) -> list[Work[Any]]:
        with self._lock:
            group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        return group

    def _commit(self, group: list[Work[Any]]) -> None:
        """Runs all work in one transaction; if that fails, each in its own, so that none fails because of another."""
        begun = False
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            self._begin_transaction(self._connection)
            begun = True
            self._do(self._connection, group)
            self._commit_transaction(self._connection)
        except BaseException as error:  # whatever it is belongs to the thread that waits
            self._reconnect()
            if begun and len(group) > 1 and not getattr(error, "connection_invalidated", False):
                for work in group:
                    self._commit([work])
                return
            for work in group:  # if no transaction began (a lock), each would only wait as long again
                work.error = error
        for work in group:
            work.finish()

    def _begin_transaction(self, connection: Connection) -> None:
        """Begins it by the driver itself: SQLAlchemy's part took a sixth of a commit's CPU. If SQLAlchemy begins one
        later, for its own statement, it is this one (see `valetkey.adapters.sql.engines`)."""
        self._require()
        _driver_of(connection).execute("BEGIN IMMEDIATE")

    def _commit_transaction(self, connection: Connection) -> None:
        if connection.in_transaction():  # the work included a statement of SQLAlchemy's
            connection.commit()
        else:
            _driver_of(connection).commit()

    def _do(self, connection: Connection, group: list[Work[Any]]) -> None:
        rows = [row for work in group if work.rows is not None for row in work.rows]
        if rows:
            self._insert(connection, rows)
        for work in group:
            if work.call is not None:
                work.result = work.call(connection)

    def _reconnect(self) -> None:
        """Returns the connection to the pool after a failure, which rolls its transaction back. The next work gets one
        that is known to be good."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


def _driver_of(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


class SharedWriter(GroupWriter):
    """A writer for databases with concurrent writers (PostgreSQL): inserts share commits, each call has its own
    transaction.

    An insert of new rows never waits for a lock. A call may, and would then delay its whole group, or deadlock with one
    of another process. 64 inserting threads got seven times as much done in groups as individually.
    """

    def run(self, call: Callable[[Connection], T]) -> T:
        """Runs ``call`` in its own transaction, and again if that collided with another one."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._run(call)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in COLLISIONS:
                    raise
        return self._run(call)

    def _run(self, call: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return call(connection)

    def _begin_transaction(self, connection: Connection) -> None:
        connection.begin()

    def _commit_transaction(self, connection: Connection) -> None:
        connection.commit()

    def _commit(self, group: list[Work[Any]]) -> None:
        super()._commit(group)
        self._reconnect()  # the pool tests the connection: the server may restart between two groups
