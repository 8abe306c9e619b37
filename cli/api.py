"""The public HTTP API, as far as the commands need it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from cli.errors import CommandError, problem_text

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0, write=60.0)
_CHUNK_BYTES: Final = 1024 * 1024

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
        reply = self._http.post("/v1/sessions", json={"username": username, "password": password})
        if reply.status_code == HTTPStatus.UNAUTHORIZED:
            raise CommandError(
                f"The login as {username!r} was refused. If its password was changed, give it in "
                "MIGPLAN_PASSWORD (and the user name in MIGPLAN_USER)."
            )
        self._http.headers["Authorization"] = f"Bearer {self._checked(reply)['token']}"

    def get(self, path: str) -> Reply:
        """The document at ``path``."""
        return self._checked(self._sent("GET", path))

    def find(self, path: str) -> Reply | None:
        """The document at ``path``; None when there is none (yet)."""
        reply = self._sent("GET", path)
        return None if reply.status_code == HTTPStatus.NOT_FOUND else self._checked(reply)

    def create(self, path: str, body: Mapping[str, Any]) -> Reply:
        """What a creating POST answers; repeated requests have one effect."""
        headers = {"Idempotency-Key": str(uuid4())}
        return self._checked(self._sent("POST", path, json=dict(body), headers=headers))

    def upload(self, path: str, file: Path, chunks: Iterator[bytes]) -> Reply:
        """Send the bytes of ``file`` as they come from ``chunks``."""
        headers = {
            "Idempotency-Key": str(uuid4()),
            "Content-Type": XLSX,
            "Content-Length": str(file.stat().st_size),
        }
        query = {"filename": file.name}
        return self._checked(
            self._sent("POST", path, params=query, content=chunks, headers=headers)
        )

    def download(self, path: str, to: Path) -> None:
        """Store a document; ``to`` appears when it is complete."""
        partial = to.with_name(f".{to.name}.part")
        try:
            with self._http.stream("GET", path) as reply, partial.open("wb") as file:
                if reply.is_error:
                    reply.read()
                    self._checked(reply)
                for chunk in reply.iter_bytes(_CHUNK_BYTES):
                    file.write(chunk)
            partial.replace(to)
        except httpx.HTTPError as error:
            raise CommandError(f"The download broke off: {error}. Try again.") from error
        finally:
            partial.unlink(missing_ok=True)

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
            raise CommandError(problem_text(body))
        document: Reply = body
        return document


def chunks_of(file: Path) -> Iterator[bytes]:
    """The bytes of ``file`` in pieces of 1 MiB."""
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            yield chunk
