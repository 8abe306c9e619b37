"""A worker in a process of its own that dies at a named point."""

import asyncio
import os
import signal
import sys


async def work_until_killed(module: str, *arguments: object, failpoint: str) -> None:
    """Run ``python -m module arguments…``; it has died at ``failpoint`` when this returns."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *map(str, arguments)),
        env=os.environ | {"MIGPLAN_FAILPOINT": failpoint},
    )
    try:
        async with asyncio.timeout(30):
            assert await process.wait() == -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
