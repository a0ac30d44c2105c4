"""What the words of the frameworks mean, in explicit integers."""
