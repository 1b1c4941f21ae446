"""A company's exports with every fault that real ones have, small enough to be counted by hand."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.connectors.csv import importing
from app.connectors.csv.models import Import

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)

# Acme pays for two things at once; Birch left for four months and came back; Cedar's flag and churn event say
# that it has gone though it pays; Dune has a trial only.
ACCOUNTS = """\
account_id,account_name,industry,signup_date,plan_tier,churn_flag,referral_source
A-1,Acme,EdTech,16-10-2023,Pro,FALSE,partner
A-2,Birch,FinTech,02-01-2023,Basic,FALSE,organic
A-3,Cedar,DevTools,27-08-2024,Pro,TRUE,ads
A-4,Dune,DevTools,31-12-2024,Basic,FALSE,other
"""
SUBSCRIPTIONS = """\
subscription_id,account_id,start_date,end_date,plan_tier,seats,mrr_amount,arr_amount,is_trial,billing_frequency,auto_renew_flag
S-1,A-1,16-10-2023,,Pro,14,100.10,1201.20,FALSE,monthly,TRUE
S-2,A-1,01-02-2024,01-09-2024,Pro,5,50.05,600.60,FALSE,annual,FALSE
S-3,A-2,05-01-2023,13-12-2023,Basic,3,10,120,FALSE,monthly,TRUE
S-4,A-2,20-04-2024,,Basic,4,20.33,243.96,FALSE,monthly,TRUE
S-5,A-3,27-08-2024,,Pro,9,833,9996,FALSE,annual,TRUE
S-6,A-4,31-12-2024,,Basic,1,0,0,TRUE,monthly,FALSE
S-7,A-4,31-12-2024,31-12-2024,Basic,1,5,60,FALSE,monthly,FALSE
"""
USAGE = """\
usage_id,subscription_id,usage_date,feature_name,usage_count,usage_duration_secs,error_count,is_beta_feature
U-1,S-1,27-02-2025,search,9,5004,0,FALSE
U-2,S-1,27-02-2025,export,4,369,2,FALSE
U-3,S-2,27-12-2024,search,3,90,0,TRUE
U-4,S-4,01-03-2024,search,7,70,0,FALSE
U-1,S-5,28-02-2025,search,11,80,1,FALSE
"""
TICKETS = """\
ticket_id,account_id,submitted_at,closed_at,resolution_time_hours,priority,satisfaction_score,escalation_flag
T-1,A-1,27-07-2024,28-07-2024 03:00,27,high,,FALSE
T-2,A-3,08-07-2024,09-07-2024 17:00,41,urgent,4,TRUE
"""
CHURN_EVENTS = """\
churn_event_id,account_id,churn_date,reason_code,refund_amount_usd,is_reactivation,feedback_text
C-1,A-2,13-12-2023,pricing,4.03,FALSE,switched to competitor
C-2,A-3,30-11-2024,support,0,FALSE,
C-3,A-1,01-02-2025,budget,0,TRUE,missing features
"""
FILES = {
    "accounts.csv": ACCOUNTS,
    "subscriptions.csv": SUBSCRIPTIONS,
    "feature_usage.csv": USAGE,
    "support_tickets.csv": TICKETS,
    "churn_events.csv": CHURN_EVENTS,
}

Bring = Callable[..., Import]


@pytest.fixture
def bring(workspace, tmp_path: Path) -> Bring:
    """Import files, given by name, as `perennial import FOLDER` does; without any, the messy company's."""
    counter = iter(range(100))

    def run(files: dict[str, str | bytes] | None = None, **options) -> Import:
        folder = tmp_path / f"export {next(counter)}"
        folder.mkdir()
        for name, content in (files or FILES).items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else windows(content))
        return importing.get_import(importing.import_folder(folder, NOW, **options))

    return run


def windows(content: str) -> bytes:
    """Write as a spreadsheet on Windows does: byte-order mark, CRLF."""
    return content.replace("\n", "\r\n").encode("utf-8-sig")
