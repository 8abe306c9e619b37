"""Findings that somebody lets pass: a waiver is of one VM and one finding, whatever was seen."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiver:
    """That and why a finding is let pass; ``by`` is what its author is called."""

    note: str
    by: str
    at: datetime
