"""How usage comes in: judged, counted once, or held with its reason."""
