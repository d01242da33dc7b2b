"""What a forked process does not share with its parent: held locks, connections, ids.

A program of its own forks, as a test run has threads that are none of these tests' affair.
"""

import sys
from pathlib import Path

from tests.support import processes

BEGIN = """
import ctypes, os, sqlite3, sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

def in_child(work, fork=os.fork):
    "What ``work`` says in a process that is forked from this one, within 100 seconds."
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        ctypes.CDLL(None).alarm(100)
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text

def raw_fork():
    "As a server in C does it: Python hears nothing."
    return ctypes.PyDLL(None).fork()
"""


def prints(program: str, directory: Path) -> str:
    """What the program prints, within 150 seconds."""
    done = processes.run([sys.executable, "-c", BEGIN + program], timeout=150, cwd=directory)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LEDGER = """
from valetkey.testing.contracts.samples import NOW, new_upload
from valetkey.adapters.ledgers import open_ledger
ledger = open_ledger("sqlite:///ledger.db", None)
ledger.migrate()

def add():
    upload = new_upload(NOW)
    ledger.add([upload])
    return ledger.get(upload.id) is not None

add()
"""


def test_a_commit_of_a_child_outlives_its_parent(tmp_path: Path) -> None:
    """SQLite remembers for its process which locks that has, and a child would rely on its parent's: when the parent
    closed the database, it took away the log into which the child went on to commit."""
    program = LEDGER + (
        "wait, went = os.pipe()\n"
        "told, tell = os.pipe()\n"
        "def work():\n"
        "    first = add()\n"
        "    os.write(tell, b'x')\n"
        "    os.read(wait, 1)\n"
        "    return first, add()\n"
        "with ThreadPoolExecutor() as threads:\n"
        "    said = threads.submit(in_child, work)\n"
        "    os.read(told, 1)\n"
        "    ledger.close()\n"
        "    os.write(went, b'x')\n"
        "    print(said.result(), sqlite3.connect('ledger.db').execute('SELECT count(*) FROM uploads').fetchone())\n"
    )
    assert prints(program, tmp_path) == "(True, True) (3,)"


def test_a_child_of_a_busy_parent_can_work(tmp_path: Path) -> None:
    """Four threads write and read while ten children are made, each of which writes and reads."""
    program = LEDGER + (
        "done = Event()\n"
        "def busy():\n"
        "    while not done.is_set(): add()\n"
        "threads = [Thread(target=busy) for _ in range(4)]\n"
        "for thread in threads: thread.start()\n"
        "said = {in_child(add) for _ in range(10)}\n"
        "done.set()\n"
        "for thread in threads: thread.join()\n"
        "print(said)\n"
    )
    assert prints(program, tmp_path) == "{'True'}"


def test_a_child_that_nobody_announced(tmp_path: Path) -> None:
    """uWSGI's workers: the first of them is not known to Python as a process of its own. Before it is made, no
    connection is open; afterwards it has its own, and ids that its sister does not make, too."""
    program = (
        "import types\n"
        "sys.modules['uwsgi'] = uwsgi = types.SimpleNamespace(worker_id=lambda: 0)\n" + LEDGER + "def work():\n"
        "    uwsgi.worker_id = lambda: 1\n"
        "    done = add()\n"
        "    return done, new_upload(NOW).id[14:]\n"
        "held = [link for link in Path('/proc/self/fd').iterdir() if 'ledger.db' in str(link.resolve())]\n"
        "one, other = (in_child(work, raw_fork) for _ in range(2))\n"
        "print(held, one[:7], other[:7], one != other)\n"
    )
    assert prints(program, tmp_path) == "[] (True,  (True,  True"


HELD = """
from valetkey.api.readiness import Readiness
from valetkey.core.errors import Unavailable
from valetkey.core.gate import StoreLimit, SharedLimit, StoreGate
from valetkey.testing.contracts.samples import NOW, new_upload

upload, looking, done = new_upload(NOW), Event(), Event()

def wait():
    looking.set()
    done.wait()

readiness = Readiness(lambda: wait() if os.getpid() == parent else None)
gate, parent = StoreGate("b", StoreLimit(SharedLimit(1), "s", "full")), os.getpid()

def hold():
    with gate.open_for(upload):
        try:
            readiness.check()
        except Unavailable:
            pass

def use():
    with gate.open_for(upload):
        readiness.check()
    return "used"

thread = Thread(target=hold)
thread.start()
looking.wait()
print(in_child(use))
done.set()
thread.join()
"""


def test_what_another_thread_held(tmp_path: Path) -> None:
    """A child has every place at the gate to the store, and finds out for itself whether it is ready."""
    assert prints(HELD, tmp_path) == "used"


LAST_WORDS = """
from valetkey import forks

forks.LAST_MOMENT = 60  # the machine may have other things to do

def end_slowly():
    "What the system does when this thread ends takes 1 s: usleep() of that, as pthread_key_create has it."
    C = ctypes.CDLL(None)
    key = ctypes.c_uint()
    assert C.pthread_key_create(ctypes.byref(key), C.usleep) == 0
    assert C.pthread_setspecific(key, ctypes.c_void_p(1_000_000)) == 0
    return threading.get_native_id()

def is_there(number):
    return Path(f"/proc/self/task/{number}").exists()
"""


def test_a_thread_that_was_joined_is_gone_for_the_system_too(tmp_path: Path) -> None:
    """What OpenSSL does at a thread's end takes a lock of the process, which a child that is forked then has held."""
    program = """
from valetkey.forks import join

for wait in (Thread.join, join):
    thread = Thread(target=end_slowly)
    thread.start()
    wait(thread)
    print(is_there(thread.native_id))
"""
    assert prints(LAST_WORDS + program, tmp_path) == "True\nFalse"


def test_the_writer_of_a_ledger_is_gone_before_its_process_is_forked(tmp_path: Path) -> None:
    """A child would wait for ever for what the thread held when it ended."""
    program = """
from time import sleep

committing, go_on, numbers = Event(), Event(), []

def commit(connection):
    committing.set()
    go_on.wait()

first = Thread(target=ledger._write, args=[commit])
first.start()  # it commits itself
committing.wait()
second = Thread(target=ledger._write, args=[lambda connection: numbers.append(end_slowly())])
second.start()  # its work is the writer's
while not ledger._writer._waiting:
    sleep(0.01)
go_on.set()
second.join()
print(is_there(numbers[0]))
ledger._pause()  # as before a fork
print(is_there(numbers[0]))
"""
    assert prints(LEDGER + LAST_WORDS + program, tmp_path) == "True\nFalse"


def test_who_asks_stores_at_the_start_is_gone_before_the_process_is_forked(tmp_path: Path) -> None:
    """They have spoken TLS. One that gets no answer is not waited for longer than so long."""
    program = """
from valetkey import app
from valetkey.forks import join

numbers = []
app._try_out = lambda stores, one: numbers.append(end_slowly())
for stores in (["one"], ["one", "other"]):
    app._try_out_all(stores)
print([is_there(number) for number in numbers])
go = Event()
waits = Thread(target=go.wait)
waits.start()
join(waits, 0.01)
print(waits.is_alive())
go.set()
"""
    assert prints(LAST_WORDS + program, tmp_path) == "[False, False, False]\nTrue"


def test_a_thread_that_an_application_joined_is_gone_before_it_forks(tmp_path: Path) -> None:
    """Threads that are a library's own, and stay, are waited for once."""
    program = """
import time
from valetkey import forks
forks.LAST_MOMENT_OF_OTHERS = 3.0
thread = Thread(target=end_slowly)
thread.start()
thread.join()
print(is_there(thread.native_id))
print(in_child(lambda: "made"), is_there(thread.native_id))

stays = ctypes.c_void_p()
C = ctypes.CDLL(None)
assert C.pthread_create(ctypes.byref(stays), None, C.sleep, ctypes.c_void_p(60)) == 0
forks.LAST_MOMENT_OF_OTHERS = 0.05
in_child(lambda: "made")
forks.LAST_MOMENT_OF_OTHERS = 60.0
began = time.monotonic()
print(in_child(lambda: "made"), time.monotonic() - began < 30)
"""
    assert prints(LAST_WORDS + program, tmp_path) == "True\nmade False\nmade True"


def test_a_child_waits_for_no_certificate_of_its_parents(tmp_path: Path) -> None:
    """One is being fetched while the child is made: nobody would ever give the child the lock that is held for it."""
    program = (
        "from datetime import UTC, datetime\n"
        "from valetkey.core.errors import SenderRefused, Unavailable\n"
        "from valetkey.senders.certificates import Certificates\n"
        "parent, begun, over = os.getpid(), Event(), Event()\n"
        "def fetch(url):\n"
        "    if os.getpid() == parent:\n"
        "        begun.set()\n"
        "        over.wait(30)\n"
        "    return b'no certificate'\n"
        "certificates = Certificates(fetch, lambda: datetime.now(UTC))\n"
        "def ask():\n"
        "    try:\n"
        "        certificates.verify('https://sns.example/a.pem', b'', b'', 'sha256')\n"
        "    except (SenderRefused, Unavailable) as error:\n"
        "        return type(error).__name__\n"
        "Thread(target=ask, daemon=True).start()\n"
        "begun.wait()\n"
        "print(in_child(ask))\n"
        "over.set()\n"
    )
    assert prints(program, tmp_path) == "SenderRefused"
