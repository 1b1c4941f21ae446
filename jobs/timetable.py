"""The whole timetable. Hours are the workspace's own; what was missed is caught up once."""

from datetime import timedelta

from app.core.timetable import Entry

TIMETABLE = (
    Entry("fold_intake", every=timedelta(minutes=1)),
    Entry("match_held", every=timedelta(minutes=1)),  # else asked for by whatever is held while there are rules
    Entry("score_touched", every=timedelta(minutes=5)),  # else asked for by whoever touches an account
    Entry("match_playbooks", every=timedelta(minutes=5)),
    Entry("announce", every=timedelta(minutes=5)),
    Entry("close_day", daily_at=2),
    Entry("train_model", daily_at=3),
    Entry("measure_outcomes", daily_at=5),
    Entry("tend_events", daily_at=4),
    Entry("prune_jobs", daily_at=6),
    Entry("prune_announcements", daily_at=6),
)
