"""Makes a small demo in the database of the environment; run as a module, so that nothing of it stays in the tests.

python -m tests.browser.making
"""

from datetime import UTC, datetime

from sqlalchemy import select

from app import create_app
from app.accounts.models import Account
from app.connectors.segment.translating import PROTOCOL
from app.connectors.taking import take
from app.core import tenancy
from app.demo import making
from app.extensions import db
from app.identity.models import Workspace

ACCOUNTS = 80  # more than a page of the portfolio
PASSWORD = "seven small green trees"
PEOPLE = {"csm": making.email_of(making.CSMS[0])} | {
    role: making.email_of(name) for role, name in making.OTHERS.items()
}


def main() -> None:
    names = (*making.CSMS, *making.OTHERS.values())
    workspace = making.make_workspace({making.email_of(name): PASSWORD for name in names})
    with tenancy.workspace(workspace.id):
        for _, act in making.steps(workspace, ACCOUNTS, datetime.now(UTC)):
            act()
            db.session.flush()
        _send_product_events(workspace)
        db.session.commit()


def _send_product_events(workspace: Workspace) -> None:
    """Have a web app send what counts and what is held, so that the pages of what comes in have something to show."""
    now = datetime.now(UTC)
    account = db.session.scalars(select(Account.external_id).order_by(Account.id).limit(1)).one()
    said = {"type": "track", "event": "Report Exported", "userId": "ann", "timestamp": now.isoformat()}
    messages = [said | {"messageId": f"m-{n}", "groupId": account} for n in range(3)]
    messages.append(said | {"messageId": "m-lost", "groupId": "nobody"})
    take("segment: web app", PROTOCOL, messages, workspace, now)


if __name__ == "__main__":
    with create_app().app_context():
        main()
