"""What becomes of the rows: rows to chunks, answers to outcomes, outcomes to a report."""
