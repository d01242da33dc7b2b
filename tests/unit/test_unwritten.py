"""Requests whose responses wait for pending writes, behind granian's intake: no thread waits with them."""

from collections.abc import Callable, Generator, Iterable
from threading import Event, Semaphore, Thread, get_ident
from time import monotonic, sleep
from typing import Any

import pytest

from valetkey import waiting
from valetkey.intake import Intake
from valetkey.intake.intake import MAX_UNWRITTEN
from valetkey.intake.loop import Step

LATER, FAILED = "test.later", "test.failed"


class Begun:
    """`Written`, whose end comes when the test says so."""

    def __init__(self) -> None:
        self.over = False
        self.failure: Exception | None = None
        self.then: Callable[[Exception | None], None] | None = None
        self.waited = 0

    def wait(self) -> None:
        self.waited += 1
        if self.failure is not None:
            raise self.failure

    def call_after(self, then: Callable[[Exception | None], None]) -> bool:
        self.then = None if self.over else then
        return not self.over

    def end(self, failure: Exception | None = None) -> None:
        assert self.then is not None
        self.then(failure)


class Headers:
    def items(self) -> Iterable[tuple[str, str]]:
        return []

    keys = items

    def __len__(self) -> int:
        return 0


class Request:
    """A GET request as granian hands it over, and what it was answered."""

    path, method, query_string, http_version, scheme = "/", "GET", "", "1.1", "http"
    server, client = "127.0.0.1:80", "127.0.0.1:1"
    headers = Headers()

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, int]] = []

    def response_bytes(self, status: int, _: object, body: bytes) -> None:
        self.answers.append((status, body, get_ident()))


class Application:
    """Leaves a write to be waited for where the server offers it, and says what has failed."""

    def __init__(self) -> None:
        self.begun: list[Begun] = []
        self.is_over = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if (failure := environ.get(FAILED)) is not None:
            start_response("503 Service Unavailable", [])
            return [str(failure).encode()]
        one = Begun()
        one.over = self.is_over
        self.begun.append(one)
        if (later := environ.get(LATER)) is None:
            one.wait()
        else:
            later.append(one)
        start_response("201 Created", [])
        return [b"granted"]


def answers_of(request: Request) -> list[tuple[int, bytes, int]]:
    """Its answers, once there is one."""
    until = monotonic() + 60
    while not request.answers and monotonic() < until:
        sleep(0.001)
    return request.answers


def intake_of(application: Callable[..., Any], threads: int = 1, *, prompt: bool = True) -> Intake:
    """An intake before the application, which is told whether that waits for nothing."""
    return Intake(
        application,
        threads=threads,
        max_body=10,
        deadline=600,
        too_slow=(408, [], b""),
        two_hosts=(400, [], b""),
        alive=("/healthz", (200, [], b"")),
        is_prompt=lambda _: prompt,
        later=LATER,
        failed=FAILED,
    )


def served(application: Callable[..., Any], threads: int = 1, *, prompt: bool = True) -> Callable[[], Request]:
    """What sends one request to the application behind an intake."""
    intake = intake_of(application, threads, prompt=prompt)

    def send() -> Request:
        request = Request()
        Step(intake.__rsgi__(request, request))()
        return request

    return send


def test_a_response_waits_until_it_is_written_and_no_thread_with_it() -> None:
    """One thread serves any number of requests that wait."""
    application = Application()
    send = served(application)
    requests = [send() for _ in range(3)]
    assert [request.answers for request in requests] == [[], [], []]
    for number in (1, 0, 2):
        application.begun[number].end()
        assert requests[number].answers == [(201, b"granted", get_ident())]
    assert [one.waited for one in application.begun] == [0, 0, 0]


def test_what_is_written_already_is_answered_at_once() -> None:
    """Nobody would wake a request that begins to wait too late."""
    application = Application()
    application.is_over = True
    assert [answer[:2] for answer in served(application)().answers] == [(201, b"granted")]


def test_what_could_not_be_written_is_not_granted() -> None:
    """The application says what has failed, in a response of its own."""
    application = Application()
    request = served(application)()
    application.begun[0].end(RuntimeError("the disk is full"))
    [(status, body, thread)] = answers_of(request)
    assert (status, body) == (503, b"the disk is full")
    assert thread != get_ident(), "whoever writes for others waits for no application"


def test_more_than_so_many_wait_with_a_thread_each() -> None:
    """A ledger that hangs is waited for by few: what it has to do grows no further."""
    application = Application()
    send = served(application)
    for _ in range(MAX_UNWRITTEN):
        send()
    assert send().answers
    assert application.begun[-1].waited == 1
    application.begun[0].end()
    assert not send().answers


def test_who_waits_to_be_admitted_counts_too() -> None:
    """However many came before anything was begun."""
    application, first_is_there, go_on = Application(), Event(), Event()

    def slowly(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        first_is_there.set()
        assert go_on.wait(120)
        return application(environ, start_response)

    send = served(slowly, prompt=False)
    first = Thread(target=send, daemon=True)
    first.start()
    assert first_is_there.wait(60)
    requests = [send() for _ in range(MAX_UNWRITTEN + 5)]
    go_on.set()
    first.join(60)
    for request in requests[MAX_UNWRITTEN - 1 :]:
        answers_of(request)
    assert [one.waited for one in application.begun] == [0] * MAX_UNWRITTEN + [1] * 6


def test_who_would_wait_after_all_goes_on_in_another_thread() -> None:
    """The server's own threads are few: a request that has to wait for the ledger or a store begins anew elsewhere."""
    began: list[int] = []

    def look_first(_: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        began.append(get_ident())
        waiting.look()
        start_response("200 OK", [])
        return [b"looked"]

    [(status, body, thread)] = answers_of(served(look_first)())
    assert (status, body) == (200, b"looked")
    assert began == [get_ident(), thread]
    assert thread != get_ident()


@pytest.mark.parametrize("is_over", [False, True])
def test_what_an_application_has_begun_before_it_raises_is_awaited(is_over: bool) -> None:
    """Nobody else learns how it ends; and whoever is told later wakes no request."""
    begun = Begun()
    begun.over, begun.failure = is_over, RuntimeError("the disk is full")

    def fail(environ: dict[str, Any], _: Callable[..., Any]) -> list[bytes]:
        environ[LATER].append(begun)
        raise LookupError

    with pytest.raises(LookupError):
        served(fail)()
    assert (begun.waited, begun.then is not None) == ((1, False) if is_over else (0, True))
    if not is_over:
        begun.end(begun.failure)


def test_who_begins_anew_waits_for_nothing_of_the_first_time() -> None:
    """What was begun in the server's thread is of no response any more."""
    application, first = Application(), Begun()

    def begin_twice(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if first.then is None:
            environ[LATER].append(first)
            waiting.look()
        answer: list[bytes] = application(environ, start_response)
        return answer

    request = served(begin_twice)()
    until = monotonic() + 60
    while not (application.begun and application.begun[0].then) and monotonic() < until:
        sleep(0.001)
    assert request.answers == []
    application.begun[0].end()
    assert [answer[:2] for answer in answers_of(request)] == [(201, b"granted")]
    first.end(RuntimeError("the disk is full"))
    assert len(request.answers) == 1


class Body:
    """A body on its way, as granian has it: what waits for it goes on when it `arrive`s."""

    def __init__(self) -> None:
        self.then: Callable[[Any], None] | None = None
        self.is_cancelled = False

    def __await__(self) -> Generator["Body", None, bytes]:
        yield self
        return b"bytes"

    def done(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return self.is_cancelled

    def cancel(self) -> None:
        self.is_cancelled = True

    def add_done_callback(self, then: Callable[[Any], None], context: Any = None) -> None:
        self.then = then

    def arrive(self) -> None:
        assert self.then is not None
        self.then(self)


class WithLength(Headers):
    def items(self) -> Iterable[tuple[str, str]]:
        return [("content-length", "5")]

    keys = items

    def __len__(self) -> int:
        return 1


class Sending(Request):
    """One whose body is on its way."""

    method, headers = "POST", WithLength()

    def __init__(self) -> None:
        super().__init__()
        self.body = Body()

    def __call__(self) -> Body:
        return self.body


@pytest.mark.parametrize("refused", [True, False])
def test_a_body_that_arrives_during_its_trial(refused: bool) -> None:
    """The trial decides whether it is needed, for which the server's own thread does not wait; there is one answer."""
    in_trial, go_on = Event(), Event()

    def look_first(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        in_trial.set()
        assert go_on.wait(120)
        if refused:
            start_response("401 Unauthorized", [])
            return [b"who are you?"]
        body = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [body]

    intake, request = intake_of(look_first, prompt=False), Sending()
    Step(intake.__rsgi__(request, request))()
    [waiting_for_it] = intake._incomplete._waiting
    trial = Thread(target=intake._incomplete.try_without_body, args=[waiting_for_it], daemon=True)
    trial.start()
    assert in_trial.wait(60)
    arriving = Thread(target=request.body.arrive, daemon=True)
    arriving.start()
    arriving.join(60)
    assert not arriving.is_alive()
    go_on.set()
    trial.join(60)
    expected = (401, b"who are you?") if refused else (200, b"bytes")
    assert [answer[:2] for answer in answers_of(request)] == [expected]
    sleep(0.2)  # a second one would come now
    assert len(request.answers) == 1


def test_as_many_wait_at_once_as_there_are_threads() -> None:
    """The others come when one of them is through, in their order, and none is lost."""
    application, places, go_on = Application(), Semaphore(0), Semaphore(0)
    application.is_over = True

    def slowly(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        places.release()
        assert go_on.acquire(timeout=120)
        return application(environ, start_response)

    send = served(slowly, threads=3, prompt=False)
    requests = [send() for _ in range(7)]
    for _ in range(3):
        assert places.acquire(timeout=60)
    assert not places.acquire(timeout=0.2)
    for _ in requests:
        go_on.release()
    assert [answers_of(request)[0][:2] for request in requests] == [(201, b"granted")] * 7
    assert len({request.answers[0][2] for request in requests}) <= 3
