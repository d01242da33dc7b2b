"""The rules of valetkey, without I/O.

Nothing below this package imports Flask, boto3 or SQL, opens a socket or reads the environment: what it needs from
outside comes through the protocols in `ports`. An import contract in ``make check`` keeps it so.
"""
