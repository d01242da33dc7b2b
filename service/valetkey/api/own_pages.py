"""Pages for people, which an application that valetkey is mounted in has no part in."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template


@cache
def own_page(name: str) -> Template:
    """One of `valetkey/NAME.html`, not by the application's own Jinja: its marks may be others, and what it adds to
    each page may be what has failed."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
    return templates.get_template(f"valetkey/{name}.html")
