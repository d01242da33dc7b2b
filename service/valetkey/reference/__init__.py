"""Reference data that the service and its clients share, and the functions that look things up in it.

The browser client has the same tables: ``npm run answers`` and ``npm run file-types`` in ``frontend/client`` generate
them, and its checks compare them.
"""
