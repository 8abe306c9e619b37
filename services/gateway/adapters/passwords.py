"""Argon2id password hashes, off the event loop and at most two at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError

from shared.kernel.errors import TooManyRequests

_AT_ONCE = 2
_MOST_WAITING = 32


class Argon2Hasher:
    """The argon2-cffi defaults (RFC 9106, low-memory profile) but for the memory of a hash.

    A hash says what it was made with, so old ones hold when ``memory_mib`` changes.
    """

    def __init__(self, *, memory_mib: int) -> None:
        self._argon2 = Argon2(memory_cost=memory_mib * 1024)
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """A salted hash in PHC format."""
        async with self._slot():
            return await asyncio.to_thread(self._argon2.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether ``password`` belongs to ``password_hash``; a missing hash takes as long."""
        if password_hash is None:
            if self._decoy is None:
                self._decoy = await self.hash("a password nobody has")
            await self._verify(self._decoy, password)
            return False
        return await self._verify(password_hash, password)

    async def _verify(self, password_hash: str, password: str) -> bool:
        async with self._slot():
            try:
                return await asyncio.to_thread(self._argon2.verify, password_hash, password)
            except (VerificationError, InvalidHashError):
                return False

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """One of the places to hash in.

        Raises:
            TooManyRequests: too many wait already; hashing is slow on purpose.
        """
        if self._waiting >= _MOST_WAITING:
            raise TooManyRequests(
                "Too many people are logging in. Try again in a few seconds.",
                context={"retry_after_s": 5},
            )
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1
