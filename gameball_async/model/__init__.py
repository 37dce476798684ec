"""What the words mean: kinds, items, jobs, outcomes. Values only: no I/O, no clock, no chance."""
