"""The files on this machine: which are to be sent, their bytes and their digests."""
