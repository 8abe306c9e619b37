"""What schemathesis loads into its process: who asks, and what must stay as it is."""

import json
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import schemathesis

TARGET: Final = json.loads(Path(os.environ["FUZZ_TARGET"]).read_text(encoding="utf-8"))
LONGEST_QUERY: Final = 32_768
"""Characters; uvicorn reads 64 KiB of address and headers."""
LOG_OUT: Final = ("DELETE", "/v1/sessions/current")


def new_token() -> str:
    """The token of a new session."""
    body = {"username": "admin", "password": TARGET["password"]}
    reply = httpx.post(f"{TARGET['address']}/v1/sessions", json=body, trust_env=False, timeout=30)
    return str(reply.json()["token"])


TOKEN: Final = new_token()


@schemathesis.auth(refresh_interval=None)
class Sessions:
    """One session for everything; logging out gets one of its own each time."""

    def get(self, case: schemathesis.Case, ctx: Any) -> str:
        is_log_out = (case.operation.method.upper(), case.operation.path) == LOG_OUT
        return new_token() if is_log_out else TOKEN

    def set(self, case: schemathesis.Case, data: str, ctx: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def filter_case(ctx: Any, case: schemathesis.Case) -> bool:
    """The fuzzer does not take its own rights away, nor send an address that no server reads: one
    is refused before the application sees it, and many long values add up to one."""
    if len(urlencode(case.query or {}, doseq=True)) > LONGEST_QUERY:
        return False
    changes = case.operation.method.upper() == "PATCH"
    return not (changes and TARGET["own_id"] in (case.path_parameters or {}).values())
