"""A customer as an item: API pages "Create Customer", "Create Customers Batch Job", "Batch APIs"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from .fields import FieldType, Unset, optional, unknown_fields, wire
from .items import CHANNELS, Channel, Day, Flag, Free, Item, Items, Number, Text, Texts, Whole


@frozen(kw_only=True, repr=False)
class CustomerAttributes(Item):
    """
    What is known of a customer: the object ``customerAttributes``. Every field is optional.

    Days are a ``date`` or text, ``YYYY-MM-DD``; a date-time with a zone is taken too and goes out
    in UTC. Amounts are in the currency of the account. Where no limit is named, the API names
    none. Source: "Create Customer".

    Attributes:
        display_name: the name to show.
        first_name: first name.
        last_name: last name.
        email: mail address; the customer's own ``email`` is the one for channel merging.
        gender: as text; the tutorial writes ``M`` and ``F``.
        mobile: phone number; the customer's own ``mobile`` is the one for channel merging.
        date_of_birth: day of birth.
        join_date: day on which the customer joined.
        country: country.
        city: city.
        zip: postal code, as text: leading zeros stay.
        preferred_language: language to write to the customer in.
        source: where the registration came from.
        utms: list of UTM attributes; the API does not say of what form.
        devices: list of devices; the API does not say of what form.
        payment_methods: list of payment methods, each a text.
        total_spent: amount spent so far.
        last_order_date: day of the last order.
        total_orders: how many orders so far; a whole number, 0 or more.
        avg_order_amount: average amount of an order.
        channel: where the customer was won: mobile, pos, web or callcenter.
        custom: further attributes, with names and values of the account's choice.
        extra: fields that this class does not know, sent as they are.
    """

    display_name: Text = optional("displayName", FieldType.TEXT)
    first_name: Text = optional("firstName", FieldType.TEXT)
    last_name: Text = optional("lastName", FieldType.TEXT)
    email: Text = optional("email", FieldType.TEXT)
    gender: Text = optional("gender", FieldType.TEXT)
    mobile: Text = optional("mobile", FieldType.TEXT)
    date_of_birth: Day = optional("dateOfBirth", FieldType.DATE)
    join_date: Day = optional("joinDate", FieldType.DATE)
    country: Text = optional("country", FieldType.TEXT)
    city: Text = optional("city", FieldType.TEXT)
    zip: Text = optional("zip", FieldType.TEXT)
    preferred_language: Text = optional("preferredLanguage", FieldType.TEXT)
    source: Text = optional("source", FieldType.TEXT)
    utms: Items = optional("utms", FieldType.LIST)
    devices: Items = optional("devices", FieldType.LIST)
    payment_methods: Texts = optional("paymentMethods", FieldType.LIST, each=FieldType.TEXT)
    total_spent: Number = optional("totalSpent", FieldType.NUMBER)
    last_order_date: Day = optional("lastOrderDate", FieldType.DATE)
    total_orders: Whole = optional("totalOrders", FieldType.INTEGER, minimum=0)
    avg_order_amount: Number = optional("avgOrderAmount", FieldType.NUMBER)
    channel: Channel | Text = optional("channel", FieldType.ENUM, choices=CHANNELS)
    custom: Free = optional("custom", FieldType.OBJECT)
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class Customer(Item):
    """
    One customer, to be created or updated: the item of kind ``customers`` and of ``POST /customers``.

    The reference ("Create Customer") nests most of what is known of a customer in
    ``customerAttributes``; the tutorial ("Batch APIs") writes some of it at the top level. Both
    forms can be built; prefer the reference's.

    Attributes:
        customer_id: the shop's own id of the customer, for the customer's whole life; text,
            kept as it is, leading zeros included. Required.
        email: mail address; required by accounts that merge channels by mail.
        mobile: phone number; required by accounts that merge channels by phone.
        device_token: token of the customer's device, for push messages.
        os_type: operating system of that device.
        customer_attributes: what else is known of the customer; a mapping in the API's names
            will do.
        referrer_code: referral code of the customer who brought this one.
        guest: true for a guest, who has not signed up; customers are registered by default.
        name: full name. Tutorial only.
        gender: ``M`` or ``F`` in the tutorial's sample. Tutorial only at this level.
        date_of_birth: day of birth, ``YYYY-MM-DD``. Tutorial only at this level.
        join_date: day of joining, ``YYYY-MM-DD``. Tutorial only at this level.
        tags: list of texts. Tutorial only.
        custom: further attributes of the account's choice. Tutorial only at this level.
        extra: fields that this class does not know, sent as they are.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    email: Text = optional("email", FieldType.TEXT)
    mobile: Text = optional("mobile", FieldType.TEXT)
    device_token: Text = optional("deviceToken", FieldType.TEXT)
    os_type: Text = optional("osType", FieldType.TEXT)
    customer_attributes: CustomerAttributes | Mapping[str, Any] | Unset | None = optional(
        "customerAttributes", FieldType.NESTED, nested=CustomerAttributes
    )
    referrer_code: Text = optional("referrerCode", FieldType.TEXT)
    guest: Flag = optional("guest", FieldType.BOOLEAN)
    name: Text = optional("name", FieldType.TEXT)
    gender: Text = optional("gender", FieldType.TEXT)
    date_of_birth: Day = optional("dateOfBirth", FieldType.DATE)
    join_date: Day = optional("joinDate", FieldType.DATE)
    tags: Texts = optional("tags", FieldType.LIST, each=FieldType.TEXT)
    custom: Free = optional("custom", FieldType.OBJECT)
    extra: Mapping[str, Any] = unknown_fields()
