"""A mapping proposed for a header: by exact names, by case and signs, by known synonyms, by near spelling."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from attrs import frozen

_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "customerId": ("customer", "clientid", "userid", "customeruserid", "memberid", "customernumber",
                   "customerno", "id"),
    "email": ("emailaddress", "mail", "customeremail", "emailbilling", "billingemail", "useremail"),
    "mobile": ("phone", "phonenumber", "telephone", "tel", "mobilenumber", "mobilephone", "cellphone",
               "billingphone"),
    "firstName": ("givenname", "forename", "billingfirstname"),
    "lastName": ("surname", "familyname", "billinglastname"),
    "displayName": ("fullname", "customername", "name"),
    "dateOfBirth": ("birthday", "birthdate", "dob"),
    "joinDate": ("createdat", "registered", "registrationdate", "dateregistered", "signupdate",
                 "signedup", "customersince", "membersince"),
    "city": ("town", "billingcity", "defaultaddresscity"),
    "country": ("countrycode", "billingcountry", "defaultaddresscountrycode"),
    "zip": ("zipcode", "postcode", "postalcode", "billingpostcode", "defaultaddresszip"),
    "preferredLanguage": ("language", "locale"),
    "totalOrders": ("orders", "orderscount", "numberoforders"),
    "avgOrderAmount": ("averageordervalue", "aov"),
    "tags": ("labels", "segments"),
    "orderId": ("order", "ordernumber", "orderno", "incrementid", "id"),
    "orderDate": ("date", "createdat", "purchasedate", "orderedat", "dateordered", "timestamp"),
    "totalPaid": ("total", "grandtotal", "ordertotal", "ordertotalamount", "amountpaid"),
    "totalPrice": ("subtotal",),
    "totalTax": ("tax", "taxes"),
    "totalShipping": ("shipping", "shippingcost"),
    "totalDiscount": ("discount", "discountamount"),
    "amount": ("points", "balance", "pointsbalance", "pointbalance", "value"),
    "points": ("pointsredeemed",),
    "transactionId": ("transaction", "reference", "transactionnumber", "id"),
    "transactionTime": ("date", "createdat", "timestamp", "time"),
    "reason": ("note", "description", "comment"),
}  # fmt: skip
_NEAR = 0.86  # a letter more, less or other in a name of six


@frozen
class Proposal:
    """
    Which column of a file becomes which of Gameball's.

    Attributes:
        kind: the batch kind.
        columns: the file's columns, by Gameball's.
        guessed: Gameball's columns whose match is a guess by spelling.
        left: columns of the file for which nothing was found.
        missing: Gameball's columns that every row needs, for which nothing was found.
    """

    kind: str
    columns: Mapping[str, str]
    guessed: tuple[str, ...]
    left: tuple[str, ...]
    missing: tuple[str, ...]

    def as_toml(self) -> str:
        """The mapping file: what was found, and what is left to decide as comments."""
        lines = [f"kind = {_text(self.kind)}", "", "[columns]"]
        for target, source in self.columns.items():
            guess = "  # a guess by its spelling: check it" if target in self.guessed else ""
            lines.append(f"{_key(target)} = {_text(source)}{guess}")
        lines += [
            f"# {_key(target)} = ...  # required: name its column, or a constant"
            for target in self.missing
        ]
        if self.left:
            lines += [
                "",
                "# Columns that are not sent. To send one, add a line for it under [columns].",
            ]
            lines += [f"#   {_text(name)}" for name in self.left]
        return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _key(value: str) -> str:
    return value if value.isascii() and value.replace("_", "").isalnum() else _text(value)


def propose(
    header: Sequence[str], *, kind: str, known: Collection[str], required: Collection[str]
) -> Proposal:
    """
    Propose a mapping.

    Arguments:
        header: the columns of the file.
        kind: the name of the batch kind.
        known: Gameball's columns of this kind.
        required: those that every row needs.
    """
    names = {_letters(name): name for name in header if name.strip()}
    found: dict[str, str] = {}
    guessed: list[str] = []
    for target in known:
        bare = target.rpartition(".")[2]
        if bare != target and bare in known:
            continue  # the same field under its short name
        for letters in (_letters(target), *_SYNONYMS.get(target, ())):
            if letters in names and names[letters] not in found.values():
                found[target] = names[letters]
                break
    for target in known:
        free = {key: name for key, name in names.items() if name not in found.values()}
        near = get_close_matches(_letters(target), free, n=1, cutoff=_NEAR)
        if target not in found and "." not in target and near:
            found[target] = free[near[0]]
            guessed.append(target)
    left = tuple(name for name in header if name.strip() and name not in found.values())
    missing = tuple(name for name in required if name not in found)
    return Proposal(
        kind, {name: found[name] for name in known if name in found}, tuple(guessed), left, missing
    )


def _letters(name: str) -> str:
    return "".join(each for each in name if each.isalnum()).casefold()
