"""The Flask extensions, made once and bound in create_app. Imports nothing of ours."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Flask
from flask_compress import Compress
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from redis import Redis
from rq import Queue
from sqlalchemy import BigInteger, DateTime, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, registry


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of it; times are aware, numbers are wide, text is text."""

    if TYPE_CHECKING:
        __table__: ClassVar[Table]  # SQLAlchemy allows joins here too; ours are all tables

    registry = registry(
        type_annotation_map={
            datetime: DateTime(timezone=True),
            int: BigInteger,
            str: Text,
            dict[str, Any]: JSONB,
            list[Any]: JSONB,
        }
    )

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
if TYPE_CHECKING:
    Model = Base  # Flask-SQLAlchemy makes its model class at run time, where mypy cannot follow
else:
    Model = db.Model

login_manager = LoginManager()
csrf = CSRFProtect()
compress = Compress()
limiter = Limiter(get_remote_address)


class Doorbell:
    """Rings RQ, so that a worker looks at PostgreSQL now instead of at the reaper's next round."""

    def __init__(self) -> None:
        self._redis: Redis | None = None

    def init_app(self, app: Flask) -> None:
        """Bind to the Redis of `app`; the connection opens at first use, in whichever process uses it."""
        self._redis = Redis.from_url(app.config["PERENNIAL"].redis_url, socket_timeout=5, socket_connect_timeout=2)

    @property
    def redis(self) -> Redis:
        """The connection pool. Raises RuntimeError before init_app."""
        if self._redis is None:
            raise RuntimeError("the doorbell is not bound to an app yet")
        return self._redis

    def ring(self, function: str, *args: int) -> None:
        """Ask RQ to call `function(*args)`. Raises RedisError when Redis is away."""
        Queue("perennial", connection=self.redis).enqueue(
            function, *args, result_ttl=0, failure_ttl=24 * 3600, job_timeout=4 * 3600
        )


doorbell = Doorbell()
