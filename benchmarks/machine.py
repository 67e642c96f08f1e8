"""What a figure was measured on."""

import os
from datetime import UTC, datetime


def described() -> str:
    """Return the date and the size of the machine."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GiB"
