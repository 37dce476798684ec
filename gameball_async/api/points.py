"""Items that move or tell points: inquiries, adjustments, cashback, redemptions, events."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from .fields import FieldType, optional, unknown_fields, wire
from .items import Item, Moment, Number, Text, Whole


@frozen(kw_only=True, repr=False)
class BalanceInquiry(Item):
    """
    A question for a customer's balance: the item of kind ``balance-inquiries``. Read-only.

    Attributes:
        customer_id: the shop's own id of the customer; text, kept as it is. Required.
        extra: fields that this class does not know, sent as they are.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class BalanceAdjustment(Item):
    """
    A change of a customer's balance: the item of kind ``balance-adjustments``.

    It has no id of its own: sent twice, it is applied twice.

    Attributes:
        customer_id: the shop's own id of the customer; text, kept as it is. Required.
        amount: by how much to change the balance; negative to take away. The API names no
            limit. Required.
        reason: why, as text.
        extra: fields that this class does not know, sent as they are.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    amount: float | Decimal = field(metadata=wire("amount", FieldType.NUMBER))
    reason: Text = optional("reason", FieldType.TEXT)
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class BalanceTarget(Item):
    """
    The balance that a customer is to have: a row of `gameball_async.balances`, which is never sent as it is.

    Attributes:
        customer_id: the shop's own id of the customer; text, kept as it is. Required.
        balance: how many points it is to have, 0 or more. Required.
        extra: fields that are left aside.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    balance: float | Decimal = field(metadata=wire("balance", FieldType.NUMBER, minimum=0))
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class Cashback(Item):
    """
    A reward for a purchase: the item of kind ``cashback``.

    Attributes:
        customer_id: the shop's own id of the customer; text, kept as it is. Required.
        transaction_id: the shop's own id of the transaction, such as an invoice number; one that
            Gameball has already seen is refused. Required.
        transaction_time: instant of the transaction: an aware ``datetime``, or text with a zone;
            goes out in UTC. Required.
        amount: value of the transaction, in money. The API names no limit. Required.
        email: mail address; required by accounts that merge channels by mail.
        mobile: phone number; required by accounts that merge channels by phone.
        extra: fields that this class does not know, sent as they are.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    transaction_id: str = field(metadata=wire("transactionId", FieldType.ID))
    transaction_time: Moment = field(metadata=wire("transactionTime", FieldType.DATETIME))
    amount: float | Decimal = field(metadata=wire("amount", FieldType.NUMBER))
    email: Text = optional("email", FieldType.TEXT)
    mobile: Text = optional("mobile", FieldType.TEXT)
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class Redemption(Item):
    """
    Points given back for money's worth: the item of kind ``redemptions``.

    The API marks amount, points and hold reference as optional each, and does not say which of
    them must be there; none is asked for here.

    Attributes:
        customer_id: the shop's own id of the customer; text, kept as it is. Required.
        transaction_id: the shop's own id of the transaction; one that Gameball has already seen
            is refused. Required.
        transaction_time: instant of the transaction: an aware ``datetime``, or text with a zone;
            goes out in UTC. Required.
        amount: value to redeem, in money.
        points: how many points to redeem; a whole number.
        hold_reference: reference from the Hold Points API.
        email: mail address; required by accounts that merge channels by mail.
        mobile: phone number; required by accounts that merge channels by phone.
        extra: fields that this class does not know, sent as they are.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    transaction_id: str = field(metadata=wire("transactionId", FieldType.ID))
    transaction_time: Moment = field(metadata=wire("transactionTime", FieldType.DATETIME))
    amount: Number = optional("amount", FieldType.NUMBER)
    points: Whole = optional("points", FieldType.INTEGER)
    hold_reference: Text = optional("holdReference", FieldType.ID)
    email: Text = optional("email", FieldType.TEXT)
    mobile: Text = optional("mobile", FieldType.TEXT)
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class Event(Item):
    """
    What a customer did: the item of kind ``events``.

    It has no id of its own: sent twice, it is counted twice.

    Attributes:
        customer_id: the shop's own id of the customer; text, kept as it is. Required.
        events: names of events, each with a mapping of its own fields (``{}`` where it has
            none); at least one. Required.
        extra: fields that this class does not know, sent as they are.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    events: Mapping[str, Mapping[str, Any]] = field(metadata=wire("events", FieldType.EVENTS))
    extra: Mapping[str, Any] = unknown_fields()
