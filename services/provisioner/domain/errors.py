"""The provisioner's problem codes. Each names a page in ``docs/problems/``.

nothing-approved  no plan snapshot of this project has been approved yet
"""

from typing import Final

NOTHING_APPROVED: Final = "nothing-approved"
