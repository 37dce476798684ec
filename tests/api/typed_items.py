"""Users' code that builds each model. Never run: mypy (strict) and pyright check it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from gameball_async import (
    UNSET,
    BalanceAdjustment,
    BalanceInquiry,
    Branch,
    Cashback,
    CashbackConfigurations,
    Channel,
    Customer,
    CustomerAttributes,
    Event,
    LineItem,
    Merchant,
    Order,
    OrderRedemption,
    Redemption,
)

NOW = datetime(2024, 10, 16, 8, 13, 29, tzinfo=UTC)


def items(city: str | None) -> list[object]:
    attributes = CustomerAttributes(
        display_name="Ann",
        city=city if city else UNSET,
        join_date=date(2020, 1, 2),
        last_order_date=NOW,
        date_of_birth="1990-01-02",
        payment_methods=["card"],
        utms=[{"source": "mail"}],
        total_spent=Decimal("12.50"),
        total_orders=3,
        avg_order_amount=4,
        channel=Channel.WEB,
        custom={"points": 5},
        extra={"future": True},
    )
    return [
        Customer(customer_id="1", customer_attributes=attributes, email=None, guest=False),
        Customer(customer_id="1", customer_attributes={"city": "Cairo"}, tags=("a", "b")),
        Order(
            customer_id="1",
            order_id="2",
            order_date=NOW,
            total_paid=9.99,
            line_items=[LineItem(product_id="3", quantity=2), {"productId": "4"}],
            redemption=OrderRedemption(coupon_codes=["A"]),
            merchant=Merchant(unique_id="M", branch=Branch(name="Downtown")),
            channel="pos",
            cashback_configurations=CashbackConfigurations(return_window=7),
            extra={"note": "gift"},
            extra_fields={"future": None},
        ),
        BalanceInquiry(customer_id="1"),
        BalanceAdjustment(customer_id="1", amount=-5, reason="correction"),
        Cashback(customer_id="1", transaction_id="T", transaction_time=NOW, amount=Decimal(1)),
        Redemption(
            customer_id="1", transaction_id="T", transaction_time="2024-10-16T08:13:29Z", points=5
        ),
        Event(customer_id="1", events={"view": {"page": 1}, "leave": {}}),
        "order-1",
        {"customerId": "1"},
    ]


def read_back(customer: Customer) -> str:
    email = customer.email
    return email.upper() if isinstance(email, str) else "unset" if email is UNSET else "null"
