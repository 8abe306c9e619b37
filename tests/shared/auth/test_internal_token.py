"""A token names whom its issuer may name, to the one it was written for, for a minute."""

from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from shared.auth.internal_token import TokenSigner, TokenVerifier
from shared.auth.keys import generate_keypair
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.kernel.errors import Unauthenticated

NOON_S = 1_800_000_000.0
PROJECT = UUID("018f0000-0000-7000-8000-000000000001")
GATEWAY_PRIVATE, GATEWAY_PUBLIC = generate_keypair()
INGEST_PRIVATE, INGEST_PUBLIC = generate_keypair()
ANNA = Principal(
    kind="user",
    id="018f0000-0000-7000-8000-00000000aaaa",
    name="Anna",
    permissions=frozenset({Permission.READ, Permission.WRITE}),
    projects=frozenset({PROJECT}),
)


def signer(issuer: str = "gateway", private: str = GATEWAY_PRIVATE) -> TokenSigner:
    return TokenSigner(issuer, private, now_s=lambda: NOON_S)


def verifier(audience: str = "planner", *, after_s: float = 0) -> TokenVerifier:
    keys = {"gateway": GATEWAY_PUBLIC, "ingest": INGEST_PUBLIC}
    return TokenVerifier(audience, keys, now_s=lambda: NOON_S + after_s)


def reason(token: str, reader: TokenVerifier) -> str:
    with pytest.raises(Unauthenticated) as caught:
        reader.verify(token)
    assert "not valid here" in caught.value.detail
    return str(caught.value.context["reason"])


def crafted(key: object, algorithm: str, **changes: object) -> str:
    claims = {
        "iss": "gateway",
        "aud": "planner",
        "iat": int(NOON_S),
        "exp": int(NOON_S) + 60,
        "sub": ANNA.id,
        "kind": "user",
        "name": "Anna",
        "perms": ["migration:read"],
    }
    claims |= changes
    wanted = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(wanted, key, algorithm=algorithm)  # type: ignore[arg-type]


def gateway_key() -> object:
    return load_pem_private_key(GATEWAY_PRIVATE.encode(), password=None)


def test_the_receiver_sees_the_person_as_the_gateway_does() -> None:
    assert verifier().verify(signer().sign(ANNA, "planner")) == ANNA


def test_a_person_with_all_projects_stays_so() -> None:
    root = Principal(kind="user", id="1", name="Root", permissions=frozenset(Permission))
    seen = verifier().verify(signer().sign(root, "planner"))
    assert seen.projects is None
    assert seen.permissions == frozenset(Permission)


def test_a_person_without_projects_sees_none() -> None:
    nobody = Principal(kind="user", id="1", name="N", projects=frozenset())
    assert not verifier().verify(signer().sign(nobody, "planner")).can_see(PROJECT)


def test_a_service_speaks_for_itself() -> None:
    token = signer("ingest", INGEST_PRIVATE).sign_as_service("planner")
    assert verifier().verify(token) == Principal.service("ingest")


def test_a_service_cannot_speak_for_people() -> None:
    token = signer("ingest", INGEST_PRIVATE).sign(ANNA, "planner")
    assert reason(token, verifier()) == "only the gateway may speak for people"


def test_a_service_cannot_speak_for_another() -> None:
    token = signer("ingest", INGEST_PRIVATE).sign(Principal.service("gateway"), "planner")
    assert reason(token, verifier()) == "a service may only speak for itself"


def test_a_service_cannot_sign_as_the_gateway() -> None:
    token = signer("gateway", INGEST_PRIVATE).sign(ANNA, "planner")
    assert "Signature" in reason(token, verifier())


def test_a_token_is_for_one_receiver() -> None:
    token = signer().sign(ANNA, "planner")
    assert "Audience" in reason(token, verifier("exporter"))


def test_a_token_ends_after_a_minute_and_the_clock_skew() -> None:
    token = signer().sign(ANNA, "planner")
    assert verifier(after_s=64).verify(token) == ANNA
    assert reason(token, verifier(after_s=65)) == "expired"


def test_a_token_from_the_future_is_refused_beyond_the_clock_skew() -> None:
    token = signer().sign(ANNA, "planner")
    assert verifier(after_s=-5).verify(token) == ANNA
    assert reason(token, verifier(after_s=-6)) == "issued in the future"


def test_an_unknown_issuer_is_refused() -> None:
    private, _ = generate_keypair()
    token = signer("stranger", private).sign_as_service("planner")
    assert reason(token, verifier()) == "unknown issuer"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 5000])
def test_garbage_is_refused(token: str) -> None:
    reason(token, verifier())


def test_a_public_key_used_as_a_shared_secret_is_refused() -> None:
    token = crafted("0" * 64, "HS256")
    assert "alg" in reason(token, verifier())


def test_an_unsigned_token_is_refused() -> None:
    reason(crafted(None, "none"), verifier())


def test_another_signature_algorithm_is_refused() -> None:
    rsa = generate_private_key(public_exponent=65537, key_size=2048)
    reason(crafted(rsa, "RS256"), verifier())


@pytest.mark.parametrize("claim", ["aud", "exp", "iat", "sub", "kind", "name", "perms"])
def test_every_claim_is_needed(claim: str) -> None:
    assert verifier().verify(crafted(gateway_key(), "EdDSA")).id == ANNA.id
    reason(crafted(gateway_key(), "EdDSA", **{claim: None}), verifier())


@pytest.mark.parametrize(
    "change",
    [{"projects": ["x"]}, {"projects": 7}, {"exp": "soon"}, {"perms": 1}, {"kind": "robot"}],
)
def test_claims_of_a_wrong_shape_are_refused(change: dict[str, object]) -> None:
    reason(crafted(gateway_key(), "EdDSA", **change), verifier())


def test_a_permission_of_a_later_release_is_left_out() -> None:
    token = crafted(gateway_key(), "EdDSA", perms=["migration:read", "migration:fly"])
    assert verifier().verify(token).permissions == {Permission.READ}


def test_keys_of_another_kind_are_refused_at_the_start() -> None:
    rsa = generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(ValueError, match="not an Ed25519 key"):
        TokenSigner("ingest", rsa.decode())
    with pytest.raises(ValueError, match="not an unencrypted Ed25519 PEM"):
        TokenSigner("ingest", "hello")
    with pytest.raises(ValueError, match="'gateway' is not a PEM"):
        TokenVerifier("ingest", {"gateway": "hello"})
    with pytest.raises(ValueError, match="'gateway' is not a PEM"):
        TokenVerifier("ingest", {"gateway": GATEWAY_PRIVATE})
