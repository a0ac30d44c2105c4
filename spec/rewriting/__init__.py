"""Other programs that compute the same: theorems read as rewrite rules, and a bounded search with them."""
