"""Tells other systems and people what happened: webhooks, Slack, mail, a calendar."""
