"""Why a result is wrong, and the smallest case that shows it."""
