"""What is right, and how far rounding may depart from it."""
