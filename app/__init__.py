"""Perennial: the web application, put together."""

from importlib import import_module

from flask import Flask

from app.core import logs, problems, queue, tenancy, web, words
from app.extensions import compress, csrf, db, doorbell, limiter, login_manager
from app.identity import guard
from config import Config

BLUEPRINTS = (
    "app.core.operations",
    "app.identity.routes",
    "app.identity.settings",
    "app.usage.routes",
    "app.usage.api",
    "app.conversations.routes",
    "app.connectors.csv.routes",
    "app.connectors.webhooks.routes",
    "app.connectors.webhooks.api",
    "app.forecast.routes",
    "app.playbooks.routes",
    "app.desk.today",
    "app.desk.portfolio",
    "app.desk.account",
    "app.desk.renewals",
    "app.desk.plays",
    "app.desk.data",
    "app.desk.palette",
)


def create_app(config: Config | None = None) -> Flask:
    """Make the application. Raises ValueError when the environment lacks what it needs."""
    config = config or Config.from_env()
    logs.speak(config.log_format)
    app = Flask(__name__, static_folder="core/static", template_folder="core/templates")
    app.config.from_mapping(config.flask())
    for extension in (db, compress, doorbell, login_manager, csrf, limiter):
        extension.init_app(app)
    tenancy.tell_each_transaction()
    queue.ring_after_commit()
    web.dress(app, config.trusted_proxies)
    words.teach(app)
    problems.answer_with_problems(app)
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(name).blueprint)
    guard.guard_app(app)
    import_module("app.models")
    return app
