"""Reading what other systems wrote: bytes into rows, and texts into the values that their whole column betrays."""
