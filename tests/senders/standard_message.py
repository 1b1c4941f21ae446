"""One message, signed and sent by the reference library of Standard Webhooks. Run in an environment that holds it.

python standard_message.py http://…/hooks/standard/… whsec_… id '{"type": …}'
"""

import sys
import urllib.request
from datetime import UTC, datetime

from standardwebhooks import Webhook


def main(address: str, secret: str, message_id: str, body: str) -> None:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }
    with urllib.request.urlopen(urllib.request.Request(address, body.encode(), headers), timeout=10) as answer:
        sys.stdout.write(answer.read().decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
