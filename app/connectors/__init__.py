"""The ways in. Each package translates one wire format into the verbs of accounts, usage and conversations."""
