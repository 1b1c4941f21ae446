"""Ctrl-K: jump to an account, a person or a page."""

from flask import Blueprint, render_template, request, url_for

from app.accounts import searching
from app.identity import guard
from app.identity.guard import May

blueprint = Blueprint("palette", __name__, template_folder="templates")

PAGES = (
    ("Today", "today.show", May.READ),
    ("Accounts", "portfolio.show", May.READ),
    ("Renewals", "renewals.show", May.READ),
    ("Playbooks", "plays.show", May.READ),
    ("Model", "model.show", May.READ),
    ("Data", "data.show", May.READ),
    ("Import files", "imports.new", May.DATA),
    ("Webhooks", "webhooks.index", May.DATA),
    ("People", "settings.people", May.READ),
    ("API keys", "settings.keys", May.DATA),
    ("Notifications", "notifications.index", May.DATA),
    ("Audit trail", "settings.audit", May.PEOPLE),
    ("Your account", "identity.own_account", May.READ),
    ("Letters and calendar", "announcements.own", May.READ),
)


@blueprint.get("/find")
@guard.allow(May.READ)
def find() -> str:
    """Give what begins with the words asked for, as a fragment for the palette or as a page without it."""
    asked = request.args.get("q", "").strip()
    pages = [
        (title, url_for(endpoint))
        for title, endpoint, needs in PAGES
        if guard.may(needs) and asked.lower() in title.lower()
    ]
    template = "desk/palette_found.html" if request.headers.get("HX-Request") else "desk/palette.html"
    return render_template(template, asked=asked, found=searching.find(asked), pages=pages)
