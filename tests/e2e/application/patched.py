"""What gunicorn reads before it loads an application for gevent's workers: `--config python:patched`."""

from gevent import monkey

monkey.patch_all()
