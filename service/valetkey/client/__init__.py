"""The client behind `valetkey put`. It uploads files and reports the outcome of each.

It knows the HTTP API and nothing else of the service. It needs the standard library only, so that it starts fast, and
so that bytes go from the file to the socket without a copy in Python (`sendfile`).

::

    put           many files: find them, upload them, report each
    display       what a person or a script sees
    sending       one file: create or resume its upload, send the bytes, wait for the confirmation
    interrupted   uploads that an earlier run did not finish, and whether they belong to the file that is here now
    remote        the calls to the service and to the store, and when to repeat them
    transport     HTTP/1.1 over sockets: connections, bodies, deadlines, TLS, proxies
    files         the files on this machine
"""
