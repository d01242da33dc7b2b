"""The OpenAPI document says what the routes do."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

import valetkey.core
from valetkey.api import routes
from valetkey.api.codes import REASONS
from valetkey.api.openapi import document
from valetkey.api.problems import status_of
from valetkey.app import Installed
from valetkey.cli import main
from valetkey.core.errors import ConfigurationError, ValetKeyError


def test_it_is_openapi_3_1() -> None:
    """The document is valid by OpenAPI's own schema."""
    OpenAPIV31SpecValidator(document()).validate()
    assert document()["openapi"].startswith("3.1")


def test_it_names_every_route_and_no_other(mount: Callable[..., Installed]) -> None:
    """Each view has an operation and each operation a view. Uppy's protocol is Uppy's own, and documented there."""
    app = Flask("drift")
    mount(app)
    routed = {
        (re.sub(r"<(?:\w+:)?(\w+)>", "{}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{routes.blueprint.name}.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    paths = document()["paths"]
    documented = {(re.sub(r"{\w+}", "{}", path), method) for path, item in paths.items() for method in item}
    assert routed == documented


def test_every_reference_resolves() -> None:
    """No schema points into the void."""
    text = json.dumps(document())
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names
    assert names <= document()["components"]["schemas"].keys()


def test_the_command_prints_it() -> None:
    """`valetkey openapi` prints the same document."""
    assert json.loads(CliRunner().invoke(main, ["openapi"]).output) == document()


def test_it_says_what_each_error_code_means() -> None:
    """Every code of ours has a row with its status and a sentence."""
    said = document()["info"]["description"]
    for error in subclasses(ValetKeyError) - {ConfigurationError}:
        row = re.search(rf"^\| `{error.code}` \| (\d+) \| [A-Z][^|]+[.:] ?[^|]*\|$", said, re.MULTILINE)
        assert row, error
        assert int(row[1]) == status_of(error)


def test_it_says_what_each_reason_of_a_rejection_means() -> None:
    """What the core gives as a reason has a row, and there is no row for anything else."""
    core = Path(valetkey.core.__path__[0])
    given = {code for file in core.rglob("*.py") for code in re.findall(r'Reason\(\s*"(\w+)"', file.read_text("utf-8"))}
    assert REASONS.keys() == given


def subclasses(kind: type[ValetKeyError]) -> set[type[ValetKeyError]]:
    return {found for child in kind.__subclasses__() for found in {child, *subclasses(child)}}
