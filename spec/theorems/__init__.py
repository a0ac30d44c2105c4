"""Statements that are tried on the specification and on every framework."""
