"""What the trial of an adjustment means: what its amount counts, where the balance is now, what to do."""

from __future__ import annotations

from .amounts import Amount, Balance, Fate, Trial, amount_of
from .facts import Facts, Probe

NAME = "amount"


def judge_amount(facts: Facts) -> Probe:
    """The probe of what the amount of an adjustment counts."""
    trial = facts.trial
    if trial is None:
        if facts.plan.try_it:
            said = "nothing was adjusted: the inquiry or the status of its job failed before"
            return Probe(NAME, "unknown", said)
        if facts.amount is not None:
            return Probe(
                NAME, "ok", f"not tried again; an earlier check found: {learned(facts.amount)}"
            )
        cure = "to learn it, add --try-customer ID, a customer whose balance may move by 1 and back"
        return Probe(NAME, "skipped", "not tried: points or money, no page says which", cure)
    if trial.before is None:
        said = f"nothing was adjusted: the balance could not be read ({trial.why})"
        return Probe(NAME, "hinders", said, "name another customer with --try-customer")
    if trial.add.fate is not Fate.APPLIED:
        return _not_added(trial)
    amount, holds = amount_of(trial), _holds(trial)
    said = "+1 was applied, but what it counts could not be seen"
    if amount is not None:
        said = f"{learned(amount)}; +1 was applied"
    if trial.take.fate is not Fate.APPLIED:
        return _not_taken(trial, said, holds)
    said = f"{said}, and -1 after it; {_course(trial)}"
    if not _as_before(trial):
        cure = "compare the balance with the dashboard: others may have moved it meanwhile"
        return Probe(NAME, "hinders", said, cure, holds)
    if amount is None:
        cure = "try another customer, whom nobody else moves meanwhile"
        return Probe(NAME, "hinders", said, cure, holds)
    return Probe(NAME, "ok", said, "", holds)


def learned(amount: Amount) -> str:
    """``amount counts money: 1 gives 10 points``."""
    if amount.counts == "either":
        return "amount counts points or money alike: a point is worth one unit of money"
    if amount.counts == "points":
        return "amount counts points"
    return f"amount counts money: 1 gives {plainly(amount.points_for_one)} points"


def _not_added(trial: Trial) -> Probe:
    if trial.add.fate is Fate.UNSURE:
        job = "" if trial.add.job_id is None else f" as job {trial.add.job_id}"
        said = f"+1 was sent{job}, and may or may not have been applied ({trial.add.why}); {_course(trial)}"
        cure = (
            "it was not sent again, and -1 was not sent. Look at the customer's history in the dashboard; "
            "where +1 is there, take it back by hand, then check again"
        )
        return Probe(NAME, "hinders", said, cure)
    what = "refused" if trial.add.fate is Fate.REFUSED else "not sent"
    said = f"+1 was {what} ({trial.add.why}), and nothing was adjusted; {_course(trial)}"
    return Probe(NAME, "hinders", said, "mend what the message names, then check again")


def _not_taken(trial: Trial, said: str, holds: dict[str, bool]) -> Probe:
    said = f"{said}; -1 after it {_fate(trial)}; {_course(trial)}"
    if trial.take.fate is Fate.UNSURE and _as_before(trial):
        cure = "the balance is as it was before: -1 was applied, and there is nothing to do"
        return Probe(NAME, "hinders", said, cure, holds)
    cure = (
        "it was not sent again. Look at the customer's history in the dashboard; where -1 is missing, take 1 "
        "away by hand"
    )
    return Probe(NAME, "hinders", said, cure, holds)


def _fate(trial: Trial) -> str:
    what = {Fate.UNSURE: "may or may not have been applied", Fate.REFUSED: "was refused"}
    return f"{what.get(trial.take.fate, 'was not sent')} ({trial.take.why or 'left before'})"


def _holds(trial: Trial) -> dict[str, bool]:
    """The assumptions that a trial puts to the test, as far as it came."""
    holds = {}
    before, between, after = trial.before, trial.between, trial.after
    amount = amount_of(trial)
    if amount is not None and amount.counts != "either":
        holds["amount-points"] = amount.counts == "points"
    if before is not None and between is not None:
        holds["adjustment-visible"] = between.points != before.points
    if between is not None and after is not None and trial.take.fate is Fate.APPLIED:
        holds["amount-negative"] = after.points < between.points
    return holds


def _as_before(trial: Trial) -> bool:
    before, after = trial.before, trial.after
    return before is not None and after is not None and abs(before.points - after.points) <= 1e-6


def _course(trial: Trial) -> str:
    """``the balance was 5 points, then 6, and is 5 now``."""
    if trial.last is trial.before and trial.before is not None:
        return f"the balance was {_points(trial.before)} before, and could not be read since"
    if trial.before is None or trial.after is None:
        where = trial.last
        now = "" if where is None else f"{_points(where)} when it was last read, and "
        return f"the balance was {now}could not be read at the end"
    between = "" if trial.between is None else f", then {plainly(trial.between.points)}"
    return f"the balance was {_points(trial.before)}{between}, and is {plainly(trial.after.points)} now"


def plainly(number: float) -> str:
    """``1,234,567.5``: never rounded to its first digits, as a balance must not be."""
    return f"{number:,.6f}".rstrip("0").rstrip(".")


def _points(balance: Balance) -> str:
    return f"{plainly(balance.points)} points"
