"""Pages for people that do not depend on the application that mounts valetkey."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template


@cache
def own_page(name: str) -> Template:
    """The template `valetkey/NAME.html`, not rendered by the application's Jinja: that may have other delimiters, and
    its additions to each page may be the cause of an error."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
    return templates.get_template(f"valetkey/{name}.html")
