"""Reference data shared by the service and its clients, with functions that look it up.

The browser client has the same tables: ``npm run answers`` and ``npm run file-types`` in ``frontend/client`` generate
them, and its checks compare them.
"""
