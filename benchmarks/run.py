"""Runs the benchmarks on a database of their own and writes docs/benchmarks.md.

make bench                       all of them
.venv/bin/perennial bench pages  only these
BENCH_DATA=/path make bench      with other people's data too (benchmarks/foreign says which, and where to get them)
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from flask import Flask
from sqlalchemy import create_engine

import app.models  # noqa: F401
from app import create_app
from app.core import migrating
from app.local.servers import servers
from benchmarks import api, flow, ingest, learning, moves, pages, scoring
from benchmarks.foreign import measuring as foreign
from benchmarks.results import Result, write
from config import Config, sqlalchemy_url

ALL: dict[str, Callable[[Flask], Iterator[Result]]] = {
    "ingest": ingest.measure,
    "flow": flow.measure,
    "pages": pages.measure,
    "api": api.measure,
    "scoring": scoring.measure,
    "learning": learning.measure,
    "foreign": foreign.measure,
    "moves": moves.measure,
}


def main() -> None:
    """Measure what was asked for, printing each figure as it is found."""
    chosen = {name: ALL[name] for name in sys.argv[1:] or ALL}
    found = {}
    with TemporaryDirectory(prefix="perennial-bench-") as folder, servers(Path(folder), temporary=True) as urls:
        os.environ |= {"DATABASE_URL": urls.database, "REDIS_URL": urls.redis, "SECRET_KEY": "benchmark"}
        web = _application()
        for name, measure in chosen.items():
            print(f"{name}: {sys.modules[measure.__module__].__doc__.splitlines()[0]}", flush=True)
            found[name] = (sys.modules[measure.__module__].__doc__.strip(), list(_told(measure(web))))
    if len(chosen) == len(ALL):
        write(found)


def _told(results: Iterator[Result]) -> Iterator[Result]:
    for result in results:
        print(f"  {result.name}: {result.found} ({result.how}); target {result.target}", flush=True)
        yield result


def _application() -> Flask:
    engine = create_engine(sqlalchemy_url(os.environ["DATABASE_URL"]))
    with engine.connect() as connection:
        migrating.migrate(connection)
        connection.commit()
    engine.dispose()
    web = create_app(Config.from_env())
    logging.getLogger().setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return web


if __name__ == "__main__":
    main()
