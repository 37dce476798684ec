"""Answers that listed rows of jobs that have not ended: for an end that lists fewer."""

from __future__ import annotations


class Partial:
    """
    The last such answer of each job, in a bounded number of bytes.

    What is dropped is as if it had never listed rows: a row that the job's end does not list is then
    indeterminate.

    Args:
        size: bytes of all answers, at most; the one that was renewed longest ago is dropped first.
    """

    def __init__(self, size: int) -> None:
        self._room = size
        self._answers: dict[int, bytes] = {}

    def keep(self, job_id: int, answer: bytes) -> None:
        """Keep an answer in place of the job's earlier one."""
        self.pop(job_id)
        self._answers[job_id] = answer
        self._room -= len(answer)
        while self._room < 0:
            self.pop(next(iter(self._answers)))

    def get(self, job_id: int) -> bytes | None:
        """The answer that is kept of a job; None where there is none."""
        return self._answers.get(job_id)

    def pop(self, job_id: int) -> bytes | None:
        """The answer that is kept of a job, which is forgotten; None where there is none."""
        answer = self._answers.pop(job_id, None)
        self._room += len(answer or b"")
        return answer
