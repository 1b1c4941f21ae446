"""Coming in: invitations, passwords, signing in, and the letters about them."""
