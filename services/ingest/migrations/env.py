"""Alembic's entry; all services share one."""

from shared.db.migrate import run_env

run_env()
