"""Reads the environment once into a typed Config. Imports nothing of ours."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """Everything an installation may set. Every field has the environment name in capitals."""

    database_url: str
    redis_url: str
    secret_key: str
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: str = ""  # smtp://user:password@host:587 ; empty: mail is written to the log
    mail_from: str = "perennial@localhost"
    metrics_token: str = ""  # empty: /metrics answers loopback only
    log_format: str = "json"
    pool_size: int = 8
    secure_cookies: bool = False
    trusted_proxies: int = 0  # how many proxies stand before us and tell the visitor's address
    max_upload_bytes: int = 256 * 1024 * 1024
    keep_events_days: int = 400  # events and messages as they came; totals and guards against repeats stay. 0: all
    ingest_per_minute: int = 600_000  # events that one key may send
    allow_private_targets: bool = False  # whether webhooks may call addresses inside the own network

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Config":
        """Raise KeyError-free ValueError naming what is missing, so that an operator sees the remedy."""
        for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
            if not env.get(name):
                raise ValueError(
                    f"{name} is not set: `make run` sets it for embedded servers; docs/deploy.md says how for your own"
                )
        base_url = env.get("BASE_URL", cls.base_url)
        return cls(
            database_url=sqlalchemy_url(env["DATABASE_URL"]),
            redis_url=env["REDIS_URL"],
            secret_key=env["SECRET_KEY"],
            base_url=base_url.rstrip("/"),
            smtp_url=env.get("SMTP_URL", ""),
            mail_from=env.get("MAIL_FROM", cls.mail_from),
            metrics_token=env.get("METRICS_TOKEN", ""),
            log_format=env.get("LOG_FORMAT", cls.log_format),
            pool_size=int(env.get("POOL_SIZE", cls.pool_size)),
            trusted_proxies=int(env.get("TRUSTED_PROXIES", cls.trusted_proxies)),
            secure_cookies=base_url.startswith("https://"),
            max_upload_bytes=int(env.get("MAX_UPLOAD_BYTES", cls.max_upload_bytes)),
            keep_events_days=int(env.get("KEEP_EVENTS_DAYS", cls.keep_events_days)),
            ingest_per_minute=int(env.get("INGEST_PER_MINUTE", cls.ingest_per_minute)),
            allow_private_targets=env.get("ALLOW_PRIVATE_TARGETS", "").lower() in {"1", "true", "yes", "on"},
        )

    def flask(self) -> dict[str, object]:
        """Give the settings under the names that Flask and its extensions read."""
        return {
            "SECRET_KEY": self.secret_key,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": {
                "pool_size": self.pool_size,
                "max_overflow": 4,
                "pool_pre_ping": True,
                "pool_timeout": 10,  # then 503: who sends tries again
            },
            "RATELIMIT_STORAGE_URI": self.redis_url,
            "RATELIMIT_STRATEGY": "moving-window",
            "RATELIMIT_HEADERS_ENABLED": True,
            "RATELIMIT_SWALLOW_ERRORS": True,
            "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
            "MAX_CONTENT_LENGTH": self.max_upload_bytes,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "SESSION_COOKIE_NAME": "perennial",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.secure_cookies,
            "PERMANENT_SESSION_LIFETIME": 14 * 24 * 3600,
            "SEND_FILE_MAX_AGE_DEFAULT": 24 * 3600,
            "WTF_CSRF_TIME_LIMIT": None,
            "PERENNIAL": self,
        }


def sqlalchemy_url(url: str) -> str:
    """Accept the plain postgresql:// that every provider hands out; SQLAlchemy wants the driver named."""
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url
