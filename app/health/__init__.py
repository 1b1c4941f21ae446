"""How accounts fare: a scorecard that can be read, and a risk that can be checked."""
