"""The commands of the command line, a file for each kind of question. verify/cli.py registers them."""
