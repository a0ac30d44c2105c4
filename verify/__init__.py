"""Asks, judges, explains, reports. Knows no framework."""
