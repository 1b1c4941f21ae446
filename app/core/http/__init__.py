"""What goes over the wire and onto pages: bodies, allowances, what every answer carries."""
