"""The morning of a letter: one process sends it, another serves the pages, and readers leave meanwhile.

For the test of promise 4 and for `make bench`; both processes are the installed command.
"""
