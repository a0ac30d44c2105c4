"""What users ask in their frameworks' own words: explain a call, port it, compare two; each answer run on the spot."""
