"""What tests of balances share: an account with balances, and a file of those that they are to have."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from attrs import define

from gameball_async.client import GameballClient
from gameball_async.sandbox import Constant, Sandbox

__all__ = ["Shop", "client_of", "quick"]


def quick(**options: object) -> Sandbox:
    """A sandbox that loses no time."""
    return Sandbox(**{"service_time": Constant(0.01, queue=0), "limits": None, **options})  # type: ignore[arg-type]


def client_of(sandbox: Sandbox) -> GameballClient:
    return GameballClient(sandbox.api_key, sandbox.secret_key, base_url=sandbox.url)


@define
class Shop:
    """
    Customers with the balance that they have, and the one that they are to have.

    Attributes:
        targets: by customer.
        before: by customer.
    """

    targets: dict[str, int]
    before: dict[str, int]

    @classmethod
    def of(cls, customers: int, seed: int = 0) -> Shop:
        """Every tenth has its balance already."""
        rng = random.Random(seed)
        names = [f"c{n}" for n in range(customers)]
        targets = {name: rng.randrange(1000) for name in names}
        before = {
            name: target if n % 10 == 0 else target + (rng.randrange(1, 500) * rng.choice((1, -1)))
            for n, (name, target) in enumerate(targets.items())
        }
        return cls(targets, before)

    def fill(self, sandbox: Sandbox) -> None:
        """Give the sandbox's customers what they have."""
        for name, balance in self.before.items():
            sandbox.move(name, balance)

    @property
    def rows(self) -> list[dict[str, object]]:
        return [{"customerId": name, "balance": target} for name, target in self.targets.items()]

    @property
    def differences(self) -> int:
        """How many adjustments are needed."""
        return sum(self.targets[name] != balance for name, balance in self.before.items())

    def write(self, path: Path) -> Path:
        """The targets as a file."""
        lines = [f"{name},{target}\n" for name, target in self.targets.items()]
        path.write_text("customerId,balance\n" + "".join(lines), encoding="utf-8")
        return path

    def off(self, balances: Mapping[str, float]) -> set[str]:
        """The customers that do not have their target."""
        return {name for name, target in self.targets.items() if balances.get(name, 0) != target}
