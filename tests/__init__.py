"""The tests."""

import os

os.environ["CONCORDANT_CACHE"] = "0"  # what runs were before would hide what a test is for
