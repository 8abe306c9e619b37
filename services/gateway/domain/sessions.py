"""Sessions: a bearer token, of which only the digest is kept."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.gateway.domain.users import User

TOKEN_PREFIX: Final = "mp_"  # noqa: S105  lets secret scanners recognise a leaked token
TOKEN_BYTES: Final = 32
SESSION_LIFE: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user until ``expires_at``."""

    id: UUID
    user: User
    expires_at: datetime

    @property
    def subject(self) -> str:
        """What it is called in the audit trail."""
        return f"{self.user.subject}/sessions/{self.id}"


def token_text(entropy: bytes) -> str:
    """The bearer token made of ``entropy`` (32 random bytes).

    >>> token_text(bytes(32))
    'mp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    return TOKEN_PREFIX + base64.urlsafe_b64encode(entropy).decode().rstrip("=")


def token_digest(token: str) -> bytes:
    """What is stored and looked up. SHA-256 is enough: the token has 256 random bits."""
    return hashlib.sha256(token.encode()).digest()
