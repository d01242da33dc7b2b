"""The client behind `valetkey put`: files in, one outcome for each. It knows the HTTP API, and nothing else of ours.

The standard library is all it needs, so that it starts fast, and so that bytes go from the file to the socket without
a copy in Python (`sendfile`).
"""
