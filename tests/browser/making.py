"""Makes a small demo in the database of the environment; run as a module, so that nothing of it stays in the tests.

python -m tests.browser.making
"""

from datetime import UTC, datetime

from app import create_app
from app.core import tenancy
from app.demo import making
from app.extensions import db

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
        db.session.commit()


if __name__ == "__main__":
    with create_app().app_context():
        main()
