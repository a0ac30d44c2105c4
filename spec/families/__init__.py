"""Which linear maps a program can express while its weights vary: dimensions, inclusions and overlaps, decided exactly."""
