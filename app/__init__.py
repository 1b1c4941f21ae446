"""Perennial: the web application, put together."""

from importlib import import_module

from flask import Flask

from app.core import logs, problems, queue, tenancy
from app.core.bulk import arrays
from app.core.http import answers, words
from app.core.rest import documenting
from app.core.rest import web as rest
from app.extensions import compress, csrf, db, doorbell, limiter, login_manager
from app.identity import guard
from config import Config

BLUEPRINTS = (
    "app.core.operations",
    "app.core.rest.routes",
    "app.identity.routes",
    "app.identity.settings",
    "app.identity.api",
    "app.accounts.api",
    "app.usage.routes",
    "app.usage.api",
    "app.usage.api_reads",
    "app.conversations.routes",
    "app.conversations.api",
    "app.health.api",
    "app.health.model.api",
    "app.connectors.csv.routes",
    "app.connectors.segment.api",
    "app.connectors.jitsu.api",
    "app.connectors.posthog.api",
    "app.connectors.cloudevents.api",
    "app.connectors.openmeter.api",
    "app.connectors.lago.api",
    "app.connectors.webhooks.routes",
    "app.connectors.webhooks.api",
    "app.connectors.api",
    "app.forecast.routes",
    "app.forecast.api",
    "app.playbooks.routes",
    "app.announcements.settings",
    "app.announcements.routes",
    "app.playbooks.api",
    "app.desk.today",
    "app.desk.portfolio",
    "app.desk.account",
    "app.desk.renewals",
    "app.desk.plays",
    "app.desk.model",
    "app.desk.data.overview",
    "app.desk.data.connect",
    "app.desk.data.held",
    "app.desk.data.counting",
    "app.desk.palette",
    "app.desk.scorecards",
)


def create_app(config: Config | None = None) -> Flask:
    """Make the application. Raises ValueError when the environment lacks what it needs."""
    config = config or Config.from_env()
    logs.speak(config.log_format)
    app = documenting.make_app(__name__, static_folder="core/static", template_folder="core/templates")
    app.config.from_mapping(config.flask())
    rest.dress(app)
    arrays.teach_driver()
    for extension in (db, compress, doorbell, login_manager, csrf, limiter):
        extension.init_app(app)
    tenancy.tell_each_transaction()
    queue.ring_after_commit()
    answers.dress(app, config.trusted_proxies)
    words.teach(app)
    problems.answer_with_problems(app)
    for name in BLUEPRINTS:
        documenting.register(app, import_module(name).blueprint)
    guard.guard_app(app)
    import_module("app.models")
    return app
