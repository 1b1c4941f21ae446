"""How the book learns of accounts and people from other systems, and who must be told."""
