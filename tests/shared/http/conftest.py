"""The workshop service, in process; with its database for the tests that want one."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.engine import make_url

from shared.db.bootstrap import bootstrap
from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from tests.shared.db.workshop import PASSWORD, SCRIPTS, NoonClock
from tests.shared.http.bench import SERVICE, Workshop, talking_to
from tests.shared.log_lines import LogLines, captured_log


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
async def client(workshop: Workshop) -> AsyncIterator[httpx.AsyncClient]:
    async with talking_to(workshop.app) as client:
        yield client


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[LogLines]:
    with captured_log(SERVICE) as lines:
        yield lines


@pytest.fixture
async def db(admin_dsn: str) -> AsyncIterator[Database]:
    prefix = f"t{uuid4().hex[:8]}_"
    await bootstrap(admin_dsn, {SERVICE: PASSWORD}, role_prefix=prefix)
    url = make_url(admin_dsn).set(username=prefix + SERVICE, password=PASSWORD)
    dsn = url.render_as_string(hide_password=False)
    await migrate(SERVICE, dsn, scripts=SCRIPTS)
    database = Database(
        make_engine(dsn, schema=SERVICE), service=SERVICE, ids=Uuid7Ids(), clock=NoonClock()
    )
    yield database
    await database.close()
