#!/usr/bin/env python3
"""Copies a SQLite database of MLflow to PostgreSQL: fill_postgres.py DATABASE URI, with the Python of an MLflow release.

The schema is made by MLflow's own migrations, up to the revision of the SQLite database.  The tables of the target are
dropped first.  A text loses its NUL characters, which PostgreSQL cannot hold.
"""
import contextlib
import sqlite3
import sys

import psycopg2.extras
import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base

ROWS_AT_ONCE = 2_000


def migrate(engine, uri, revision):
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("drop schema public cascade; create schema public"))
    # What MLflow itself does with an empty database (`_initialize_tables`), except that it goes on to the newest revision.
    Base.metadata.create_all(engine)
    config = _get_alembic_config(uri)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def as_stored(value, column):
    if value is None:
        return None
    if isinstance(column.type, sqlalchemy.Boolean):
        return bool(value)
    return value.replace("\0", "") if isinstance(value, str) else value


def copy(source, cursor, table):
    known = {row[1] for row in source.execute(f"pragma table_xinfo('{table.name}')")}
    columns = [column for column in table.columns if column.name in known and column.computed is None]
    names = ", ".join(f'"{column.name}"' for column in columns)
    cursor.execute(f"delete from {table.name}")
    rows = source.execute(f"select {names} from {table.name} order by rowid")
    while page := rows.fetchmany(ROWS_AT_ONCE):
        stored = [tuple(map(as_stored, row, columns)) for row in page]
        psycopg2.extras.execute_values(cursor, f"insert into {table.name} ({names}) values %s", stored)


def main():
    path, uri = sys.argv[1], sys.argv[2].replace("postgresql:", "postgresql+psycopg2:", 1)
    engine = sqlalchemy.create_engine(uri)
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source:
        source.text_factory = lambda text: text.decode("utf-8", "replace")
        [(revision,)] = source.execute("select version_num from alembic_version").fetchall()
        migrate(engine, uri, revision)
        tables = sqlalchemy.MetaData()
        tables.reflect(engine)
        present = {name for (name,) in source.execute("select name from sqlite_master where type = 'table'")}
        with contextlib.closing(engine.raw_connection()) as target, target.cursor() as cursor:
            # Without checks of foreign keys, so that rows which SQLite let stand alone are copied too.
            cursor.execute("set session_replication_role = replica")
            for table in tables.sorted_tables:
                if table.name in present and table.name != "alembic_version":
                    copy(source, cursor, table)
            cursor.execute("analyze")
            target.commit()


if __name__ == "__main__":
    main()
