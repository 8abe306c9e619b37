"""The public HTTP API, as far as the commands need it."""

import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from cli.errors import CommandError, refused

MEDIA_TYPES: Final = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
    ".csv": "text/csv",
}
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0, write=60.0)
_CHUNK_BYTES: Final = 1024 * 1024
_LATER: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_LONGEST_PAUSE_S: Final = 10.0

PATIENCE_S: Final = 120.0
"""For so long a request is repeated that the platform cannot answer for the moment."""

Reply = dict[str, Any]


class Api:
    """A signed-in client. Every refusal is a :class:`CommandError` with the problem's text."""

    def __init__(self, address: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=address, timeout=_TIMEOUT, transport=transport, trust_env=False
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def log_in(self, username: str, password: str) -> None:
        """Open a session for what follows."""
        body = {"username": username, "password": password}
        reply = self._patiently(lambda: self._sent("POST", "/v1/sessions", json=body))
        if reply.status_code == HTTPStatus.UNAUTHORIZED:
            raise CommandError(
                f"The login as {username!r} was refused. If its password was changed, give it in "
                "MIGPLAN_PASSWORD (and the user name in MIGPLAN_USER)."
            )
        self._http.headers["Authorization"] = f"Bearer {self._checked(reply)['token']}"

    def get(self, path: str) -> Reply:
        """The document at ``path``."""
        return self._checked(self._patiently(lambda: self._sent("GET", path)))

    def find(self, path: str) -> Reply | None:
        """The document at ``path``; None when there is none (yet)."""
        reply = self._patiently(lambda: self._sent("GET", path))
        return None if reply.status_code == HTTPStatus.NOT_FOUND else self._checked(reply)

    def create(self, path: str, body: Mapping[str, Any]) -> Reply:
        """What a creating POST answers; repeated requests have one effect."""
        headers = {"Idempotency-Key": str(uuid4())}
        return self._checked(
            self._patiently(lambda: self._sent("POST", path, json=dict(body), headers=headers))
        )

    def upload(self, path: str, file: Path, chunks: Callable[[], Iterator[bytes]]) -> Reply:
        """Send the bytes of ``file`` as they come from ``chunks``."""
        headers = {
            "Idempotency-Key": str(uuid4()),
            "Content-Type": MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream"),
            "Content-Length": str(file.stat().st_size),
        }
        query = {"filename": file.name}
        return self._checked(
            self._patiently(
                lambda: self._sent("POST", path, params=query, content=chunks(), headers=headers)
            )
        )

    def download(self, path: str, to: Path) -> None:
        """Store a document; ``to`` appears when it is complete."""
        partial = to.with_name(f".{to.name}.part")
        try:
            reply = self._patiently(lambda: self._stored(path, partial))
            if reply.is_error:
                self._checked(reply)
            partial.replace(to)
        except httpx.HTTPError as error:
            raise CommandError(f"The download broke off: {error}. Try again.") from error
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror}.") from error
        finally:
            partial.unlink(missing_ok=True)

    def _stored(self, path: str, partial: Path) -> httpx.Response:
        """The answer, whose document is in ``partial`` unless it is a refusal."""
        with self._http.stream("GET", path) as reply, partial.open("wb") as file:
            if reply.is_error:
                reply.read()
            else:
                for chunk in reply.iter_bytes(_CHUNK_BYTES):
                    file.write(chunk)
            return reply

    def _patiently(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer, asked for again while the platform says that it cannot answer now."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            reply = send()
            if reply.status_code not in _LATER or time.monotonic() > deadline:
                return reply
            told = reply.headers.get("Retry-After", "")
            time.sleep(min(float(told), _LONGEST_PAUSE_S) if told.isdigit() else 1.0)

    def _sent(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise CommandError(
                f"The platform at {self._http.base_url} did not answer ({type(error).__name__}). "
                "Its log may say why: platform.log in the data folder."
            ) from error

    @staticmethod
    def _checked(reply: httpx.Response) -> Reply:
        try:
            body = reply.json()
        except ValueError:
            body = {"detail": f"HTTP {reply.status_code} without a problem document."}
        if reply.is_error:
            raise refused(body)
        document: Reply = body
        return document


def chunks_of(file: Path) -> Iterator[bytes]:
    """The bytes of ``file`` in pieces of 1 MiB."""
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            yield chunk
