"""An order as an item, with what it holds: API pages "Track Order" and "Orders" of the batch pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from .fields import FieldType, Unset, optional, unknown_fields, wire
from .items import CHANNELS, Channel, Flag, Free, Item, Moment, Number, Text, Texts, Whole


@frozen(kw_only=True, repr=False)
class LineItem(Item):
    """
    One product of an order. Every field is optional. Amounts are in the shop's currency.

    Attributes:
        product_id: the shop's id of the product.
        quantity: how many units.
        price: of one unit, before tax and discount.
        sku: stock keeping unit.
        tags: list of texts.
        category: list of texts, one or more categories.
        weight: of the product; the API names no unit.
        vendor: vendor or manufacturer.
        collection: list of collection ids, as texts.
        title: name of the product.
        taxes: of all units together; 0 or more.
        discount: on all units together; 0 or more.
        extra: the API's own field ``extra``: names of your choice, each with a text or a number.
        extra_fields: fields that this class does not know, sent as they are.
    """

    product_id: Text = optional("productId", FieldType.ID)
    quantity: Number = optional("quantity", FieldType.NUMBER)
    price: Number = optional("price", FieldType.NUMBER)
    sku: Text = optional("sku", FieldType.TEXT)
    tags: Texts = optional("tags", FieldType.LIST, each=FieldType.TEXT)
    category: Texts = optional("category", FieldType.LIST, each=FieldType.TEXT)
    weight: Number = optional("weight", FieldType.NUMBER)
    vendor: Text = optional("vendor", FieldType.TEXT)
    collection: Texts = optional("collection", FieldType.LIST, each=FieldType.TEXT)
    title: Text = optional("title", FieldType.TEXT)
    taxes: Number = optional("taxes", FieldType.NUMBER, minimum=0)
    discount: Number = optional("discount", FieldType.NUMBER, minimum=0)
    extra: Free = optional("extra", FieldType.OBJECT, each=FieldType.TEXT)
    extra_fields: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class OrderRedemption(Item):
    """
    What was redeemed with an order: its object ``redemption``. (A redemption that stands alone is
    a `Redemption`.)

    Attributes:
        points_hold_reference: reference from the Hold Points API.
        coupons_lock_reference: reference under which the coupons were locked.
        coupon_codes: list of coupon codes, as texts; they must be locked beforehand.
        extra: fields that this class does not know, sent as they are.
    """

    points_hold_reference: Text = optional("pointsHoldReference", FieldType.ID)
    coupons_lock_reference: Text = optional("couponsLockReference", FieldType.ID)
    coupon_codes: Texts = optional("couponCodes", FieldType.LIST, each=FieldType.TEXT)
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class Branch(Item):
    """
    The branch of a merchant where an order was placed.

    Attributes:
        unique_id: id of the branch.
        name: its name.
        extra: fields that this class does not know, sent as they are.
    """

    unique_id: Text = optional("uniqueId", FieldType.ID)
    name: Text = optional("name", FieldType.TEXT)
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class Merchant(Item):
    """
    The merchant of an order, for accounts with several.

    Attributes:
        unique_id: id of the merchant.
        name: its name.
        branch: where the order was placed.
        extra: fields that this class does not know, sent as they are.
    """

    unique_id: Text = optional("uniqueId", FieldType.ID)
    name: Text = optional("name", FieldType.TEXT)
    branch: Branch | Mapping[str, Any] | Unset | None = optional(
        "branch", FieldType.NESTED, nested=Branch
    )
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class CashbackConfigurations(Item):
    """
    How the cashback of an order is handled.

    Attributes:
        return_window: days for which the cashback stays pending; a whole number, 0 to 7,300.
        extra: fields that this class does not know, sent as they are.
    """

    return_window: Whole = optional("returnWindow", FieldType.INTEGER, minimum=0, maximum=7300)
    extra: Mapping[str, Any] = unknown_fields()


@frozen(kw_only=True, repr=False)
class Order(Item):
    """
    One order: the item of kind ``orders``.

    The batch page names the four required fields only; the others are those of the single-order
    call ("Track Order"). Amounts are in the shop's currency; where no limit is named, the API
    names none.

    Attributes:
        customer_id: the shop's own id of the customer; text, kept as it is. Required.
        order_id: the shop's own id of the order; text, kept as it is, case counts. An order id
            that Gameball has already seen is refused. Required.
        order_date: instant of the order: an aware ``datetime``, or text with a zone, such as
            ``2024-10-16T08:13:29.290Z``; goes out in UTC. Required.
        total_paid: what was paid, after discounts and coupons; rewards are worked out from it.
            Required.
        email: mail address; required by accounts that merge channels by mail.
        mobile: phone number; required by accounts that merge channels by phone.
        total_price: price before discounts, with shipping, tax and tips; 0 or more. Kept as
            history, not used.
        total_discount: discount on the whole order.
        total_shipping: cost of shipping.
        total_tax: tax on the whole order.
        line_items: the products; mappings in the API's names will do.
        redemption: what was redeemed with the order.
        extra: the API's own field ``extra``: names of your choice, each with a text or a number.
        merchant: for accounts with several merchants.
        guest: true for a guest, who has not signed up.
        channel: where the order was placed: mobile, pos, web or callcenter.
        cart_id: the shop's id of the cart.
        cashback_configurations: how the cashback is handled.
        extra_fields: fields that this class does not know, sent as they are.
    """

    customer_id: str = field(metadata=wire("customerId", FieldType.ID))
    order_id: str = field(metadata=wire("orderId", FieldType.ID))
    order_date: Moment = field(metadata=wire("orderDate", FieldType.DATETIME))
    total_paid: float | Decimal = field(metadata=wire("totalPaid", FieldType.NUMBER))
    email: Text = optional("email", FieldType.TEXT)
    mobile: Text = optional("mobile", FieldType.TEXT)
    total_price: Number = optional("totalPrice", FieldType.NUMBER, minimum=0)
    total_discount: Number = optional("totalDiscount", FieldType.NUMBER)
    total_shipping: Number = optional("totalShipping", FieldType.NUMBER)
    total_tax: Number = optional("totalTax", FieldType.NUMBER)
    line_items: Sequence[LineItem | Mapping[str, Any]] | Unset | None = optional(
        "lineItems", FieldType.LIST, nested=LineItem
    )
    redemption: OrderRedemption | Mapping[str, Any] | Unset | None = optional(
        "redemption", FieldType.NESTED, nested=OrderRedemption
    )
    extra: Free = optional("extra", FieldType.OBJECT, each=FieldType.TEXT)
    merchant: Merchant | Mapping[str, Any] | Unset | None = optional(
        "merchant", FieldType.NESTED, nested=Merchant
    )
    guest: Flag = optional("guest", FieldType.BOOLEAN)
    channel: Channel | Text = optional("channel", FieldType.ENUM, choices=CHANNELS)
    cart_id: Text = optional("cartId", FieldType.ID)
    cashback_configurations: CashbackConfigurations | Mapping[str, Any] | Unset | None = optional(
        "cashbackConfigurations", FieldType.NESTED, nested=CashbackConfigurations
    )
    extra_fields: Mapping[str, Any] = unknown_fields()
