"""CRC64NVME for the memory store, byte by byte from a table: its objects are small."""

_POLYNOMIAL = 0x9A6C9329AC4BC9B5  # of the NVM Command Set specification, its bits reversed
_ALL = 2**64 - 1


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_entry(byte) for byte in range(256))


def crc64nvme(content: bytes) -> bytes:
    """The CRC64NVME of ``content``, 8 bytes.

    >>> crc64nvme(b"123456789").hex()
    'ae8b14860a799888'
    """
    crc = _ALL
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return (crc ^ _ALL).to_bytes(8, "big")
