"""The least that Flask does for a request: what everything else is measured against."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """A greeting."""
    return "Hello, World!"
