"""A running RabbitMQ as tests use it: its address, and a virtual host for each test."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import httpx

_PROTOCOL_HEADER: Final = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class RabbitServer:
    """An administrator's AMQP URL, and the address of the management API for the same login."""

    url: str
    """Ends with a slash: the default virtual host."""

    api_url: str
    """Such as ``http://127.0.0.1:15672``."""

    def answers(self) -> bool:
        """Whether both AMQP and the management API are there."""
        place = urlsplit(self.url)
        try:
            with socket.create_connection(
                (place.hostname or "", place.port or 5672), timeout=5
            ) as probe:
                probe.sendall(_PROTOCOL_HEADER)
                if probe.recv(1) != _METHOD_FRAME:
                    return False
            return self.call("GET", "/api/whoami").status_code == httpx.codes.OK
        except (OSError, httpx.TransportError):
            return False

    @contextmanager
    def vhost(self) -> Iterator[str]:
        """The AMQP URL of a new virtual host, which goes at the end with all that is in it."""
        name = f"test-{uuid4().hex}"
        login = quote(unquote(urlsplit(self.url).username or ""), safe="")
        self.call("PUT", f"/api/vhosts/{name}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.call("PUT", f"/api/permissions/{name}/{login}", everything).raise_for_status()
        try:
            yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
        finally:
            self.call("DELETE", f"/api/vhosts/{name}").raise_for_status()

    @contextmanager
    def user(self, url: str, *, configure: str, write: str, read: str) -> Iterator[str]:
        """The AMQP URL of a new user with these permissions on the virtual host of ``url``."""
        name, password = f"test-{uuid4().hex}", uuid4().hex
        place = urlsplit(url)
        permissions = {"configure": configure, "write": write, "read": read}
        self.call(
            "PUT", f"/api/users/{name}", {"password": password, "tags": ""}
        ).raise_for_status()
        try:
            self.call(
                "PUT", f"/api/permissions/{place.path.strip('/')}/{name}", permissions
            ).raise_for_status()
            address = place.netloc.rpartition("@")[2]
            yield place._replace(netloc=f"{name}:{password}@{address}").geturl()
        finally:
            self.call("DELETE", f"/api/users/{name}").raise_for_status()

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        """A request to the management API."""
        login = urlsplit(self.url)
        return httpx.request(
            method,
            self.api_url + path,
            json=body,
            auth=(unquote(login.username or ""), unquote(login.password or "")),
            timeout=30,
            trust_env=False,
        )
