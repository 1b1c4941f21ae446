"""Perennial on one bare machine: its environment, its embedded servers and its processes.

Independent of Flask. Read `servers.py` first: it is what the rest of the product calls.
"""
