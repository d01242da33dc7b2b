"""The names of AWS's own hosts, in all of its partitions (botocore's partitions.json)."""

import re

SUFFIXES = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".csp.hci.ic.gov",
    ".cloud.adc-e.uk",
)

_REGION = re.compile(r"(?!vpce-)[a-z]{2,4}(?:-[a-z]+)+-[0-9]+")
_GLOBAL = {"queue.amazonaws.com": "us-east-1"}


def region_of(host: str) -> str | None:
    """The region that an AWS host is in; None if its name does not contain one, or if it is not AWS's.

    >>> region_of("vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com")
    'eu-west-1'
    """
    if not host.endswith(SUFFIXES):
        return None
    return _GLOBAL.get(host) or next((label for label in host.split(".") if _REGION.fullmatch(label)), None)
