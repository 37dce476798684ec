"""Code as users write it. Never run: checked by mypy in strict mode, and by pyright."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal

from gameball_async import (
    UNSET,
    BalanceAdjustment,
    BalanceInquiry,
    Cashback,
    Channel,
    ConnectionRestored,
    ConnectionTrouble,
    Customer,
    CustomerAttributes,
    Event,
    GameballClient,
    Job,
    JobState,
    LineItem,
    Order,
    Outcome,
    Quota,
    Redemption,
    RequestEnded,
    Settled,
    Submitted,
    Transition,
    UnknownFieldMet,
)
from gameball_async.otel import OpenTelemetry
from gameball_async.sandbox import Constant, Sandbox

customer = Customer(
    customer_id="c1",
    email=None,
    mobile=UNSET,
    tags=["vip"],
    customer_attributes=CustomerAttributes(
        join_date=date(2024, 1, 1), total_spent=Decimal("12.50"), channel=Channel.WEB
    ),
    extra={"tier": "gold"},
)
order = Order(
    customer_id="c1",
    order_id="o1",
    order_date=datetime(2024, 1, 1, tzinfo=UTC),
    total_paid=Decimal("9.90"),
    line_items=[LineItem(product_id="p1", quantity=2)],
)
cashback = Cashback(
    customer_id="c1",
    transaction_id="t1",
    transaction_time=datetime.now(UTC),
    amount=5,
)
redemption = Redemption(
    customer_id="c1", transaction_id="t2", transaction_time="2024-01-01T00:00:00Z", points=10
)
others = [
    BalanceInquiry(customer_id="c1"),
    BalanceAdjustment(customer_id="c1", amount=-5, reason="correction"),
    Event(customer_id="c1", events={"visit": {"page": "/"}}),
]


async def rows() -> AsyncIterator[Customer]:
    yield customer


def on_request(request: RequestEnded) -> None:
    print(request.outcome, request.status, request.seconds)


def on_warning(event: ConnectionTrouble | ConnectionRestored | UnknownFieldMet) -> None:
    print(event.field if isinstance(event, UnknownFieldMet) else event.host)


async def on_transition(change: Transition) -> None:
    print(change.job.id, change.status.state)


async def main() -> None:
    async with Sandbox(service_time=Constant(0.1)) as sandbox:  # noqa: SIM117 - as users write it
        async with GameballClient(
            sandbox.api_key,
            sandbox.secret_key,
            base_url=sandbox.url,
            quota=Quota((30, 1.0), (360, 30.0)),
            on_request=on_request,
            on_transition=on_transition,
            on_warning=on_warning,
            telemetry=OpenTelemetry(),
        ) as client:
            number: int = await client.upsert_customer(customer)
            job: Job = await client.submit("orders", [order, {"customerId": "c1"}])
            state: JobState = (await client.wait(job, deadline=600)).state
            async for change in client.watch(job, progress=True):
                moved: Transition = change
                print(moved.before, moved.status.finished, number, state)
            async with client.submit_all("customers", rows(), concurrency=4) as submissions:
                async for submission in submissions:
                    jobs = [submission.job] if submission.job else []
                    async with client.watch_all(jobs) as changes:
                        async for change in changes:
                            print(change.job.id)
            async with client.bulk("cashback", [cashback], chunking="unique") as run:
                async for event in run:
                    if isinstance(event, Settled):
                        ends: list[Outcome] = [row.outcome for row in event.outcomes]
                        print(ends)
                    elif isinstance(event, Submitted):
                        print(event.job.id)
            print(run.report.succeeded, run.progress.rate)
            await client.stop(job)
