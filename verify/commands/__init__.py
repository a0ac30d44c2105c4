"""The commands of the command line, a file for each kind of question. verify/cli.py registers them.

What a command does is imported in its body: `--help` needs none of it, and NumPy alone takes longer than all of `--help`.
"""
