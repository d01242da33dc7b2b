"""The valid forms of a service's URL and of a credential."""

import re

ADDRESS = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(/[!-\"$->@-~]*)?")
"""An address without query and fragment."""

CREDENTIAL = re.compile(r"[!-~]*")
"""What a header can carry."""
