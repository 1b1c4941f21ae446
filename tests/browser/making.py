"""Makes a small demo in the database of the environment; run as a module, so that nothing of it stays in the tests.

python -m tests.browser.making ACCOUNTS PASSWORD
"""

import sys
from datetime import UTC, datetime

from app import create_app
from app.core import tenancy
from app.demo import making
from app.extensions import db


def main(accounts: int, password: str) -> None:
    names = (*making.CSMS, *making.OTHERS.values())
    workspace = making.make_workspace({making.email_of(name): password for name in names})
    with tenancy.workspace(workspace.id):
        for _, act in making.steps(workspace, accounts, datetime.now(UTC)):
            act()
            db.session.flush()
        db.session.commit()


if __name__ == "__main__":
    with create_app().app_context():
        main(int(sys.argv[1]), sys.argv[2])
