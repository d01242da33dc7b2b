"""The harness itself: a page with a wrong block fails, and a page that breaks the conventions is refused."""

import sys
from pathlib import Path

import pytest
from tests.docs.blocks import Command, Unclear, agrees, blocks_of, commands_of, server_of
from tests.docs.page import running_page
from tests.docs.shell import Failed


def ran(page: str, directory: Path) -> None:
    """Every block of it; nothing here needs a store or a browser."""

    def never(*_: object) -> None:
        raise AssertionError

    blocks = list(blocks_of(page))
    with running_page(page, blocks, directory, sys.exit) as running:
        for block in blocks:
            running.run(block, never)


def fenced(language: str, *lines: str) -> str:
    return "\n".join([f"```{language}", *lines, "```", ""])


@pytest.mark.parametrize(
    "page",
    [
        fenced("console", "$ false"),
        fenced("console", "$ echo one", "two"),
        fenced("console", "$ echo one", "$ valetkey nonsense"),
        "<!-- test: exit=3 -->\n" + fenced("console", "$ true"),
        fenced("python", "raise SystemExit(1)"),
        fenced('python title="other.py"', "import nothing_of_this_name"),
        fenced('python title="test_it.py"', "def test_it():", "    assert False"),
        fenced("console", "$ make no-such-target"),
        "<!-- test\n" + fenced("console", "$ false") + "-->\n",
    ],
)
def test_what_is_not_true_fails(page: str, tmp_path: Path) -> None:
    """Whatever kind of block it is in, hidden ones too."""
    with pytest.raises(Failed):
        ran(page, tmp_path)


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (fenced("toml", "[profiles.a]", 'max_size = "much"'), "max_size"),
        (fenced("json", "{'a': 1}"), "property name"),
        (fenced("console", "echo one"), "not a command"),
        (fenced("", "echo one"), "no language"),
        (fenced("ruby", "puts 1"), "ruby"),
        (fenced("swift", "let a = 1"), "swift"),
        ("<!-- test: servr=dev -->\n" + fenced("console", "$ true"), "servr"),
        ("<!-- test: server=gcs -->\n" + fenced("console", "$ true"), "gcs"),
        ("```console\n$ true\n", "has no end"),
    ],
)
def test_what_cannot_be_right_is_refused(page: str, error: str, tmp_path: Path) -> None:
    """Profiles that do not load, JSON that is none, and what the conventions do not know."""
    with pytest.raises(Exception, match=error):
        ran(page, tmp_path)


def test_a_page_is_one_session(tmp_path: Path) -> None:
    """Variables, files and what serves live from its first block to its last; what is marked is left alone."""
    page = "".join(
        [
            fenced(
                "console", "$ NAME=two", "$ cat <<END >three.txt", "three $NAME", "END", "$ cat three.txt", "three two"
            ),
            fenced('python title="web.py"', "from flask import Flask", "", "app = Flask(__name__)"),
            fenced(
                "console",
                "$ flask --app web run --port 5000",
                "$ curl -s -o /dev/null -w '%{http_code}' \\",
                "    http://127.0.0.1:5000/",
                "404",
            ),
            fenced("python", 'assert open("three.txt").read() == "three two\\n"'),
            "*Not run in our tests: it is about failing.*\n\n" + fenced("console", "$ false"),
            "<!-- test: exit=3 -->\n" + fenced("console", "$ true", "$ (exit 3)"),
            fenced("json", '{"a": [1, ...], "b": 2, ...}'.replace("[1, ...]", "[1]")),
        ]
    )
    ran(page, tmp_path)


def test_addresses_mean_what_runs_here(tmp_path: Path) -> None:
    """A port of this machine is another one, the same throughout the page; others' addresses stay."""
    with running_page("", [], tmp_path, sys.exit) as page:
        service = page.address("https://uploads.example/v1")
        assert service.startswith("http://127.0.0.1:")
        assert page.address("localhost:8000/v1") == service.replace("http://127.0.0.1", "localhost")
        assert (
            page.address("https://uploads.example.com:8000 example:5000")
            == "https://uploads.example.com:8000 example:5000"
        )
        assert page.address("--port 5000").split()[1] == page.address("127.0.0.1:5000").split(":")[1] != "5000"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a  \nb\n", True),
        ("a...b", "a\nanything\nb", True),
        ("vt_p....,", "vt_p.x.y.,", True),
        ("a", "a\nb", False),
        ("a...", "b", False),
    ],
)
def test_output_is_compared(shown: str, printed: str, *, same: bool) -> None:
    """`...` stands for anything, over lines too, and nothing else does."""
    assert agrees(shown, printed) is same


def test_commands_are_told_from_output() -> None:
    """What a backslash or a here-document goes on with belongs to the command."""
    console = "$ a \\\n    b\nsaid\n$ cat <<'END'\n$ inner\nEND\nsaid too"
    assert list(commands_of(console)) == [
        Command("a \\\n    b", "said"),
        Command("cat <<'END'\n$ inner\nEND", "said too"),
    ]


def test_what_a_page_says_of_its_blocks() -> None:
    """Options and notes are for the next block only, and the server is for the page."""
    page = (
        "<!-- test: server=dev -->\n*Not run in our tests: why.*\n\n"
        + fenced("console", "$ a")
        + "\nText.\n\n- in a list:\n\n  ```python\n  b = 1\n  ```\n"
    )
    first, second = blocks_of(page)
    assert (first.tried, second.tried, second.text, second.line) == (False, True, "b = 1", 13)
    assert server_of(page) == "dev"
    with pytest.raises(Unclear):
        server_of("<!-- test: server=none -->")
