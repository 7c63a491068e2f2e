"""The crash matrix: a send is killed wherever it can be, resumed, and counted from the provider's side.

`python -m tests.torture` (`make torture`) runs all of it; `test_*.py` run a part with the suite. The judge is
the strict SendGrid, which knows what it accepted; the ledger is held against it (`practice.Verdict`).

- `dying.py`: the process under test, told beforehand where to die; nothing in the product knows of it;
- `launcher.py`: starts such processes;
- `practice.py`: a practice with an edition to send, made anew in a moment, and the verdict;
- `provider.py`: a strict SendGrid with moods;
- `greeting.py`: the same for the welcome of who confirmed, between their click and the hand-over;
- `crashes.py`: kills at random, at every commit and at every request.
"""
