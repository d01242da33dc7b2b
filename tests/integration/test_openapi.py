"""The OpenAPI document describes what the routes do."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
    said = document()["components"]["schemas"]["Problem"]["properties"]["code"]["description"]
    for error in subclasses(ValetKeyError) - {ConfigurationError}:
        row = re.search(rf"^\| `{error.code}` \| (\d+) \| [A-Z][^|]+[.:] ?[^|]*\|$", said, re.MULTILINE)
        assert row, error
        assert int(row[1]) == status_of(error)


def test_it_says_what_each_reason_of_a_rejection_means() -> None:
    """What the core gives as a reason has a row, and there is no row for anything else."""
    said = document()["components"]["schemas"]["Reason"]["properties"]["code"]["description"]
    assert set(re.findall(r"^\| `(\w+)` \|", said, re.MULTILINE)) == set(REASONS)
    core = Path(valetkey.core.__path__[0])
    given = {code for file in core.rglob("*.py") for code in re.findall(r'Reason\(\s*"(\w+)"', file.read_text("utf-8"))}
    assert REASONS.keys() == given


def subclasses(kind: type[ValetKeyError]) -> set[type[ValetKeyError]]:
    return {found for child in kind.__subclasses__() for found in {child, *subclasses(child)}}


def schemas(found: Any) -> Iterator[dict[str, Any]]:
    """Every schema that is anywhere in ``found``, and what else is an object there."""
    if isinstance(found, dict):
        yield found
        for value in found.values():
            yield from schemas(value)
    if isinstance(found, list):
        for value in found:
            yield from schemas(value)


def test_each_operation_has_a_name_of_its_own_and_one_tag() -> None:
    """Generated clients call their methods and their classes by them; each tag is explained."""
    said = document()
    operations = [operation for path in said["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    tags = [tag for operation in operations for tag in operation["tags"]]
    assert len(tags) == len(operations)
    assert set(tags) == {tag["name"] for tag in said["tags"]}


def test_numbers_of_bytes_have_64_bits() -> None:
    """A generated client would count the bytes of a large file in 32 of them."""
    found = 0
    for component in document()["components"]["schemas"].values():
        for name, schema in component.get("properties", {}).items():
            for choice in schema.get("anyOf", [schema]):
                if name.endswith("size") and choice.get("type") == "integer":
                    found += 1
                    assert choice["format"] == "int64", name
    assert found >= 9


def test_what_is_one_of_several_has_a_name() -> None:
    """Generators make one type of an unnamed union, with the members of all; null alone is no choice."""
    said = document()
    for name, component in said["components"]["schemas"].items():
        for schema in schemas(component.get("properties", {})):
            choices = schema.get("anyOf", schema.get("oneOf", []))
            assert len([choice for choice in choices if choice != {"type": "null"}]) <= 1, (name, schema)
    assert said["components"]["schemas"]["Grant"]["discriminator"]["propertyName"] == "method"


def test_nothing_in_it_ends_a_comment() -> None:
    """Descriptions become comments of generated code, in which `*/` is their end and `/*` in some a new beginning."""
    for schema in schemas(document()):
        for name in ("description", "summary"):
            if isinstance(text := schema.get(name), str):
                assert "*/" not in text, text
                assert "/*" not in text, text


def test_ids_are_texts() -> None:
    """Swift writes a UUID in capital letters, and ours have none."""
    for schema in schemas(document()):
        assert schema.get("format") != "uuid"
