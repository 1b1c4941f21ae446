"""Several scorecards: which accounts each is for, trials over the past year, publication, rollback."""
