"""The fenced blocks of a page, and what the comments and notes before them say (CONTRIBUTING.md, "Documentation")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", *sorted((ROOT / "frontend").glob("*/README.md"))]
PAGES = [*READMES, *sorted((ROOT / "service" / "docs").glob("*.md"))]

LANGUAGES = frozenset({"console", "python", "toml", "json", "html", "js", "ts", "tsx", "text"})
ELSEWHERE = frozenset({"swift", "kotlin", "dart"})
"""What nothing here runs: their blocks say so."""

OPTIONS = frozenset({"server", "exit"})
SERVERS = frozenset({"dev", "rgw", "aws"})

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,})(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\s*")
_OPTIONS = re.compile(r"<!-- test: (.*?) -->")
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


class Unclear(Exception):
    """A page that breaks the conventions: where, and how."""


@dataclass(frozen=True)
class Block:
    """One fenced block; ``line`` is where its content begins, ``options`` are those of the comment before it."""

    language: str
    text: str
    line: int
    title: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    hidden: bool = False
    tried: bool = True


@dataclass(frozen=True)
class Command:
    """One command of a console, and the output that the page shows below it."""

    text: str
    output: str


def server_of(page: str) -> str | None:
    """What the page says that has to run: `dev`, `rgw` or `aws`."""
    for said in _OPTIONS.findall(page):
        if server := _options(said).get("server"):
            if server not in SERVERS:
                raise Unclear(f"no such server: {server}")
            return server
    return None


def blocks_of(page: str) -> Iterator[Block]:
    """All blocks, in their order. Raises `Unclear`."""
    lines = page.splitlines()
    at, paragraph, within, options, hidden = 0, "", False, "", False
    while at < len(lines):
        line, at = lines[at], at + 1
        if fence := _FENCE.fullmatch(line):
            end = next((n for n in range(at, len(lines)) if lines[n].strip() == fence["fence"]), None)
            if end is None:
                raise Unclear(f"line {at}: the block has no end")
            text = "\n".join(content.removeprefix(fence["indent"]) for content in lines[at:end])
            tried = not paragraph.startswith("*Not run in our tests")
            yield _checked(Block(fence["language"], text, at + 1, fence["title"], _options(options), hidden, tried))
            at, paragraph, within, options = end + 1, "", False, ""
        elif line.strip() in {"<!-- test", "-->"}:
            hidden, within = line.strip() != "-->", False
        elif said := _OPTIONS.fullmatch(line.strip()):
            options, within = said[1], False
        else:
            paragraph = line.strip() if line.strip() and not within else paragraph
            within = bool(line.strip())


def _options(said: str) -> dict[str, str]:
    found = dict(word.partition("=")[::2] for word in said.split())
    if unknown := found.keys() - OPTIONS:
        raise Unclear(f"no such option: {', '.join(sorted(unknown))}")
    return found


def _checked(block: Block) -> Block:
    if block.language in ELSEWHERE:
        if block.tried:
            raise Unclear(f"line {block.line}: nothing here runs {block.language}; say that it is not run")
    elif block.language not in LANGUAGES:
        raise Unclear(f"line {block.line}: a block of {block.language or 'no language'} is not known to the tests")
    return block


def commands_of(console: str) -> Iterator[Command]:
    """The commands of a console with their output. Raises `Unclear` where it does not begin with a command."""
    lines = console.splitlines()
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise Unclear(f"not a command: {lines[at]!r}")
        end = _end_of_command(lines, at)
        following = next((n for n in range(end, len(lines)) if lines[n].startswith("$ ")), len(lines))
        yield Command("\n".join([lines[at][2:], *lines[at + 1 : end]]), "\n".join(lines[end:following]))
        at = following


def _end_of_command(lines: list[str], at: int) -> int:
    """The first line that is no part of the command that begins there."""
    if here := _HERE_DOCUMENT.search(lines[at]):
        return next((n + 1 for n in range(at + 1, len(lines)) if lines[n].strip() == here[2]), len(lines))
    while lines[at].endswith("\\"):
        at += 1
    return at + 1


def agrees(shown: str, printed: str) -> bool:
    """Whether a command printed what the page shows, in which `...` stands for anything."""
    pattern = ".*".join(re.escape(_trimmed(part)) for part in re.split(r"\.{3,}", _trimmed(shown)))
    return re.fullmatch(pattern, _trimmed(printed), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
