"""The internal token: how the gateway vouches for a person, and a service for itself.

A JWT signed with Ed25519 (``alg`` EdDSA, nothing else is accepted), valid 60 s for one receiver.
Each service signs with its own key; a receiver knows the public keys of those it listens to. Only
the gateway may speak for people: a token of another issuer names that issuer itself.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.kernel.errors import Unauthenticated

GATEWAY: Final = "gateway"
LIFETIME_S: Final = 60
CLOCK_SKEW_S: Final = 5
"""Clocks of two hosts may differ by this much."""

_ALGORITHM: Final = "EdDSA"
_REQUIRED: Final = ["iss", "aud", "exp", "iat", "sub", "kind"]


class TokenSigner:
    """Writes tokens in the name of one service."""

    def __init__(
        self, issuer: str, private_key_pem: str, *, now_s: Callable[[], float] = time.time
    ) -> None:
        """``now_s`` tells seconds since 1970.

        Raises:
            ValueError: the PEM is not an unencrypted Ed25519 private key.
        """
        self.issuer = issuer
        self._key = _private_key(private_key_pem)
        self._now_s = now_s

    def sign(
        self, principal: Principal, audience: str, *, correlation_id: str | None = None
    ) -> str:
        """A token by which ``audience`` knows ``principal`` for the next 60 s."""
        issued_at = int(self._now_s())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": audience,
            "iat": issued_at,
            "exp": issued_at + LIFETIME_S,
            "sub": principal.id,
            "kind": principal.kind,
            "name": principal.name,
            "perms": sorted(principal.permissions),
        }
        if principal.projects is not None:
            claims["projects"] = sorted(str(project_id) for project_id in principal.projects)
        if correlation_id is not None:
            claims["cid"] = correlation_id
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def sign_as_service(self, audience: str) -> str:
        """A token by which ``audience`` knows this service itself."""
        return self.sign(Principal.service(self.issuer), audience)


class TokenVerifier:
    """Reads tokens that were written for one service."""

    def __init__(
        self,
        audience: str,
        public_keys: Mapping[str, str],
        *,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """``public_keys`` maps the issuers that are listened to, to their public PEM.

        Raises:
            ValueError: a PEM is not an Ed25519 public key; the message names the issuer.
        """
        self._audience = audience
        self._keys = {issuer: _public_key(issuer, pem) for issuer, pem in public_keys.items()}
        self._now_s = now_s

    def verify(self, token: str) -> Principal:
        """Whom the token names.

        Raises:
            Unauthenticated: it is malformed, forged, expired, or meant for another service. The
                message does not say which; ``context["reason"]`` does, for the log.
        """
        try:
            return _principal(self._claims(token))
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise Unauthenticated(
                "The credentials are not valid here, or have expired.",
                context={"reason": str(error) or type(error).__name__},
            ) from None

    def _claims(self, token: str) -> dict[str, Any]:
        unverified = jwt.decode(token, options={"verify_signature": False})
        key = self._keys.get(str(unverified.get("iss")))
        if key is None:
            raise jwt.InvalidIssuerError("unknown issuer")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=self._audience,
            # Times are compared below, against the injected clock.
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
        )
        now_s = self._now_s()
        if int(claims["exp"]) + CLOCK_SKEW_S <= now_s:
            raise jwt.ExpiredSignatureError("expired")
        if int(claims["iat"]) - CLOCK_SKEW_S > now_s:
            raise jwt.ImmatureSignatureError("issued in the future")
        return claims


def _principal(claims: Mapping[str, Any]) -> Principal:
    issuer, kind, subject = claims["iss"], claims["kind"], str(claims["sub"])
    if kind == "service":
        if subject != issuer:
            raise ValueError("a service may only speak for itself")
        return Principal.service(subject)
    if kind != "user" or issuer != GATEWAY:
        raise ValueError("only the gateway may speak for people")
    projects, granted = claims.get("projects"), set(claims["perms"])
    return Principal(
        kind="user",
        id=subject,
        name=str(claims["name"]),
        # A newer gateway may grant what this release does not know: that part is left out.
        permissions=frozenset(known for known in Permission if known.value in granted),
        projects=None if projects is None else frozenset(UUID(value) for value in projects),
    )


def _private_key(pem: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("The signing key is not an unencrypted Ed25519 PEM.") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise ValueError("The signing key is not an Ed25519 key.")


def _public_key(issuer: str, pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"The public key of {issuer!r} is not a PEM.") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    raise ValueError(f"The public key of {issuer!r} is not an Ed25519 key.")
