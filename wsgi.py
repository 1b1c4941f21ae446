"""The application for a WSGI server: `granian --interface wsgi wsgi:app`."""

import gc

from app import create_app
from app.core import tenancy
from app.extensions import db

app = create_app()
with app.app_context(), db.engine.connect() as connection:
    tenancy.refuse_roles_that_see_all(connection)
gc.collect()
gc.freeze()  # what is there by now stays for ever: the collector need not walk through it amid requests
