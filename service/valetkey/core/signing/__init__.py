"""Signatures that S3 accepts: POST policies and presigned URLs."""
