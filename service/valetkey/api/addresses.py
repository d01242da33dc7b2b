"""Our own addresses, whatever stands around us: all of them are made from one base."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """``base`` is where the API is as browsers see it, without a slash at its end; ``prefix`` is where it is in the
    application. ``said`` tells whether somebody set the base, or it was guessed from host and port."""

    base: str
    prefix: str
    said: bool
    path: str

    @classmethod
    def of(cls, public_url: str, url_prefix: str | None, *, said: bool) -> "Address":
        """The API below ``url_prefix`` of an application at ``public_url``, which may end in the prefix or may not."""
        prefix = "/" + (url_prefix or "").strip("/")
        prefix = "" if prefix == "/" else prefix
        base = public_url.rstrip("/")
        if not urlsplit(base).path.endswith(prefix):
            base += prefix
        return cls(base, prefix, said, urlsplit(base).path)

    def root(self, script_name: str) -> str:
        """The path that the API's own paths follow. Where the server says that it is below ``script_name`` and the
        base does not, the server is believed."""
        if not script_name:
            return self.path
        here = script_name.rstrip("/") + self.prefix
        return self.path if self.path.endswith(here) else here
