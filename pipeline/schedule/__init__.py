"""When things happen: the run, the scheduler, what is looked after in between, what staff are told."""
