"""The local files: which ones to send, their bytes and their digests."""
