"""Mutation testing: small faults are planted in the modules that carry the promises; the tests must notice.

By hand, a module at a time: `make mutants MODULE=pipeline/editions/ledger/claims.py`. `operators` makes the
faults, `planting` puts one into a running interpreter, `runner` has the mirrored tests look for it, `tables`
says which tests mirror which module, `equivalent.toml` which faults change nothing that anybody could see.

mutmut 3 and cosmic-ray were tried first. mutmut leaves out what stands outside functions (here: half of the
ledger, whose statements are built once, and all words of the importing tables) and decorated functions.
cosmic-ray starts an interpreter and collects the tests anew for every fault, some three seconds each.
"""
