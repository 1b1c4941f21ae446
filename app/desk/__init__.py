"""The staff's screens, one file a screen. Reads everyone; nobody reads it."""
