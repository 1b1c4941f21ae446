"""Tasks: planned by a playbook or added by hand, completed, and put off."""
