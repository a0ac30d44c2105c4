"""Arrays that were computed anywhere, held against the definition: what `assert_agrees` and `check` ask, in a process of its own."""
