"""``python -m tests.fuzz.reader_worker FIRST COUNT``: reads the uploads of those seeds.

Says on standard output which seed it begins with, and what became of it: ``inventory``, the code of
a refusal, or a fault. It runs under the limits of the parser's process and may die of them.
"""

import json
import resource
import sys
import traceback
from typing import Any, Final

from services.ingest.adapters.parser_child import problem_of
from services.ingest.adapters.parser_files import ParserFiles
from services.ingest.adapters.workbook_import import import_workbook
from services.ingest.domain import errors
from shared.kernel.errors import AppError
from tests.fuzz.mutations import damaged_upload
from tests.services.ingest.adapters.parsing import a_job

MEMORY_MIB: Final = 1024
CODES: Final = frozenset(value for name, value in vars(errors).items() if name.isupper())


def main() -> None:
    """Reads one upload after another."""
    first, count = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB << 20, MEMORY_MIB << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for seed in range(first, first + count):
        _say(seed=seed, state="begun")
        _say(seed=seed, state="ended", **outcome_of(damaged_upload(seed)))


def outcome_of(content: bytes) -> dict[str, str]:
    """What becomes of an upload: ``outcome``, or ``fault`` when that is none of the two allowed."""
    with a_job(content) as (files, job):
        try:
            import_workbook(files, job, lambda _: None)
        except AppError as refusal:
            return _checked(refusal)
        except MemoryError:
            return {"outcome": errors.PARSER_LIMIT}
        except Exception:
            return {"fault": traceback.format_exc()}
        return _inventory(files)


def _checked(refusal: AppError) -> dict[str, str]:
    """A refusal has a code of ours, says something, and can be told by the parser's process."""
    json.dumps(problem_of(refusal))
    is_good = refusal.code in CODES and len(refusal.detail) > 40 and refusal.detail.isprintable()
    return (
        {"outcome": refusal.code} if is_good else {"fault": f"{refusal.code}: {refusal.detail!r}"}
    )


def _inventory(files: ParserFiles) -> dict[str, str]:
    report = json.loads(files.report.read_bytes())
    for reject in report["rejected"]:
        if not (reject["tab"] and reject["row"] and reject["reason"] and reject["fix"]):
            return {"fault": f"a reject without place or advice: {reject}"}
    return {"outcome": "inventory"}


def _say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
