"""Views of a report, each a pure function from it to text, or to bytes for a program. Fields may hold anything at all: each view escapes
as its reader wants."""
