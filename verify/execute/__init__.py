"""How cases are run: worker processes, and what schedules them."""
