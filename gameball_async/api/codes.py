"""
Gameball's error codes: what each means, and where a failed entry of a batch shows one.

Source: "Status and Error Codes". No code is documented in a failed entry of a batch, only a text,
so how one is recognised there is a reading of ours. It is kept here alone, and can be added to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, Self

from attrs import frozen

from .wire import read_code


class Category(IntEnum):
    """The thousands digit of a code."""

    AUTHENTICATION = 1
    REQUEST = 2
    PAYLOAD = 3
    GENERAL = 4
    SERVER = 5
    CONFIGURATION = 6
    CUSTOMER = 7
    SUBSCRIPTION = 8
    TRANSACTION = 9


class Code(IntEnum):
    """
    A documented code, as ``Code(9004)`` or by name.

    Attributes:
        status: the HTTP status that it usually comes with.
        retryable: whether the same row, sent again later with nothing else changed, may go through.
        advice: what a person can do about it.
    """

    status: int
    retryable: bool
    advice: str

    # The defaults are for type checkers alone: they let ``Code(9004)`` look a member up.
    def __new__(
        cls, number: int, status: int = 0, retryable: bool = False, advice: str = ""
    ) -> Self:
        code = int.__new__(cls, number)
        code._value_ = number
        code.status = status
        code.retryable = retryable
        code.advice = advice
        return code

    @property
    def category(self) -> Category:
        """Gameball's category."""
        return Category(self.value // 1000)

    @property
    def meaning(self) -> str:
        """The code's name in words."""
        return self.name.replace("_", " ").lower()

    @classmethod
    def find(cls, number: int | None) -> Code | None:
        """The documented code of that number; None where there is none."""
        return _BY_NUMBER.get(number)

    # fmt: off
    UNAUTHORIZED = 1000, 401, False, "Check the API key."
    SECRET_KEY_REQUIRED = 1001, 401, False, "Pass the secret key as well."
    FORBIDDEN = 1002, 403, False, "Ask Gameball which permission these keys lack."
    PRECONDITION_FAILED = 2000, 412, False, "Meet the requirement that the message names."
    REQUEST_IN_PROGRESS = 2001, 422, True, "Send it again once the customer's other job has ended."
    MISSING_ARGUMENTS = 3000, 400, False, "Fill in the field that the message names."
    NULL_ARGUMENTS = 3001, 422, False, "Give a required field a value instead of null."
    EXTENSION_NOT_SUPPORTED = 3002, 415, False, "Use a file type that Gameball takes."
    INVALID_VALUE = 3003, 422, False, "Correct the value that the message names."
    NOT_ACHIEVED = 3004, 400, False, "Check that the customer meets the campaign's conditions."
    BODY_HASH_INVALID = 3005, 422, False, "Correct the hash, or send none."
    NAME_LENGTH_INVALID = 3006, 422, False, "Make the name shorter or longer."
    NAME_ALREADY_EXISTS = 3007, 422, False, "Choose another name."
    EMAIL_ALREADY_EXISTS = 3008, 422, False, "Find the customer who already has this email."
    INACTIVE = 3009, 422, False, "Activate the customer or campaign in the dashboard first."
    INVALID_LEVELING_METHOD = 3010, 422, False, "Use a levelling method that the programme has."
    LIMIT_EXCEEDED = 3011, 422, False, "Lower the amount, or raise the limit in the dashboard."
    RECAPTCHA_INVALID = 3012, 422, False, "Not expected from a server: ask Gameball."
    NOT_SUPPORTED = 3013, 415, False, "Ask Gameball whether the account may use this call."
    READ_ONLY = 3014, 423, False, "Remove the locked field."
    EDIT_REQUIRED = 3015, 423, False, "Fix the locked entry in the dashboard first."
    INVALID_PAYLOAD = 3016, 400, False, "Check fields and types against the API reference."
    EVENT_NOT_FOUND = 3017, 404, False, "Create the event first, or correct its name."
    FAILED = 4000, 400, False, "No cause was given: try the row alone, then ask Gameball."
    NOT_FOUND = 4004, 404, False, "Check the ids in the row; what they name does not exist."
    SOMETHING_WRONG = 4500, 400, True, "No cause was given: send the row again later."
    INTERNAL_SERVER_ERROR = 5000, 500, True, "A problem at Gameball: send the row again later."
    SERVICE_UNAVAILABLE = 5003, 503, True, "A problem at Gameball: send the row again later."
    GAMEBALL_DISABLED = 6000, 422, False, "Switch Gameball on for this account."
    CASHBACK_DISABLED = 6001, 422, False, "Switch cashback on in the dashboard."
    DEFAULT_LANGUAGE_NOT_SET = 6002, 422, False, "Set a default language in the dashboard."
    COUPON_SETTINGS_CLOSED = 6003, 403, False, "Ask for access to the coupon settings."
    CUSTOMER_NOT_FOUND = 7000, 404, False, "Import the customers first, then retry --only failed; or correct the id."
    CUSTOMER_ALREADY_EXISTS = 7001, 422, False, "Use the customer that exists, or another id."
    CUSTOMER_ALREADY_REFERRED = 7002, 422, False, "Remove the referrer code."
    REFERRAL_CODE_NOT_FOUND = 7003, 404, False, "Correct the referrer code, or remove it."
    GUEST_ALREADY_EXISTS = 7004, 422, False, "Use the guest that exists, or another id."
    CUSTOMER_REFERRED_BEFORE = 7005, 422, False, "Remove the referrer code."
    INVALID_REFERRAL = 7006, 422, False, "Correct the referrer code, or remove it."
    FEATURE_UNAVAILABLE = 8000, 403, False, "The account's plan does not include this feature."
    NOT_REVERSIBLE = 9000, 422, False, "This type of transaction cannot be reversed."
    ALREADY_CANCELLED = 9001, 422, False, "Nothing to do: the transaction is already cancelled."
    TRANSACTION_NOT_FOUND = 9002, 404, False, "Correct the transaction id."
    TRANSACTION_TIME_EXISTS = 9003, 422, False, (
        "Look for it in the dashboard; if it is a different one, change the time.")
    TRANSACTION_ID_EXISTS = 9004, 422, False, "It already exists; a new one needs a new id."
    REVERSED_NOT_FOUND = 9005, 404, False, "Correct the id of the transaction to reverse."
    HOLD_NOT_FOUND = 9006, 404, False, "The hold has ended: make a new one, or remove it."
    TRANSACTION_TIME_INVALID = 9007, 422, False, "Correct the time: UTC, and not in the future."
    INSUFFICIENT_POINTS = 9008, 422, False, "Lower the amount: the customer has fewer points."
    # fmt: on


_BY_NUMBER: Mapping[int | None, Code] = {code.value: code for code in Code}

# The names that a reason and a code go by, the documented ones first.
_TEXT_FIELDS = ("error", "message", "reason", "errorMessage", "description", "errors")
_CODE_FIELDS = dict.fromkeys(("code", "errorCode", "error_code", "Code", "ErrorCode")).keys()

# A number within a text is a code only where a writer of messages would put one. Amounts, years
# and ids share the catalogue's numbers, so "promo code 3000" and "order (2001)" are none.
_NUMBER = r"(\d{4})(?![\d.,]*\d)"
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII)
_NO_ITEM = r"(?<!order)(?<!customer)(?<!transaction)(?<!amount)(?<!points)(?<!id)"
_CODES_IN_TEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^\W{{0,2}}{_NUMBER}\W{{0,2}}$",
        rf"^\s*[(\[]?{_NUMBER}[)\]]?\s{{0,2}}[:|–-](?=\s|[a-z])",
        rf"^\s*[(\[]{_NUMBER}[)\]]",
        rf"(?:^|[(\[,;:.]\s{{0,2}}|\b(?:failed|refused|rejected) with )code\W{{0,3}}{_NUMBER}\b",
        rf"\berror[ _-]?(?:code)?\W{{0,3}}{_NUMBER}\b",
        rf"{_NO_ITEM}\s[(\[]{_NUMBER}[)\]]\W{{0,2}}$",
    )
)

# The catalogue's phrase in small letters, with the id itself between or not. A sentence that only wonders about it
# ("could not check whether …") tells nothing.
_EXISTS = r"\b(?:\W{1,3}\S{1,80})?\W{1,3}already exists\b"
_TRANSACTION_EXISTS = re.compile(
    rf"\btransaction[ _-]?id{_EXISTS}|\bduplicate transaction[ _-]?id\b"
)
_TIME_EXISTS = re.compile(rf"\btransaction[ _-]?time{_EXISTS}")
_ORDER_EXISTS = re.compile(
    rf"\border(?:[ _-]?(?:id|number))?{_EXISTS}|\bduplicate order(?:[ _-]?id)?\b"
)
_ORDER_NOT_FOUND = re.compile(r"\border\b(?:\W{1,3}\S{1,80})?\W{1,3}(?:was )?not found\b")
_WONDERING = re.compile(r"\b(?:whether|if|unless|until)\b")
_LONGEST = 2_000


@frozen
class Refusal:
    """
    Why an item was refused, as far as its entry tells.

    Attributes:
        text: the server's words, neither cleaned nor cut; empty where there were none.
        code: the code; None where none was found.
        duplicate: whether it says that the item's own id (transaction or order) exists already.
        not_found: whether it says that the order or transaction asked for does not exist.
    """

    text: str
    code: int | None
    duplicate: bool
    not_found: bool = False


def read_refusal(entry: Mapping[str, Any]) -> Refusal:
    """
    Read one entry of the list of failures. Never raises, whatever the entry holds.

    Its code is in a code field, in a number in the text, or in the text's phrase.
    """
    texts = list(dict.fromkeys(_texts(entry, 2)))
    text = texts[0] if len(texts) == 1 else "; ".join(texts)
    folded = text[:_LONGEST].lower()
    named = _code_field(entry)
    code = named if named in _BY_NUMBER else _code_in(texts) or _phrase(folded) or named
    return Refusal(text, code, _duplicate(folded, code), _not_found(folded, code))


def _phrase(text: str) -> int | None:
    if "transaction" not in text or _WONDERING.search(text):
        return None
    if _TRANSACTION_EXISTS.search(text):
        return Code.TRANSACTION_ID_EXISTS.value
    return Code.TRANSACTION_TIME_EXISTS.value if _TIME_EXISTS.search(text) else None


def _duplicate(text: str, code: int | None) -> bool:
    if code == Code.TRANSACTION_ID_EXISTS:
        return True
    # Under which code a duplicate order is refused is not documented: any, but the one that
    # says that it is the time which exists.
    if "order" not in text or code == Code.TRANSACTION_TIME_EXISTS:
        return False
    return _ORDER_EXISTS.search(text) is not None and not _WONDERING.search(text)


def _not_found(text: str, code: int | None) -> bool:
    if code in _BY_NUMBER:
        return code in (Code.NOT_FOUND, Code.TRANSACTION_NOT_FOUND)
    return "order" in text and _ORDER_NOT_FOUND.search(text) is not None


def _code_field(entry: Mapping[str, Any]) -> int | None:
    for holder in (entry, entry.get("error"), entry.get("message")):
        if isinstance(holder, dict) and not _CODE_FIELDS.isdisjoint(holder):
            for name in _CODE_FIELDS:
                code = read_code(holder.get(name))
                if code is not None:
                    return code
    return None


def _code_in(texts: Iterable[str]) -> int | None:
    for whole in texts:
        text = whole[:_LONGEST]
        if any(int(digits) in _BY_NUMBER for digits in _FOUR_DIGITS.findall(text)):
            for pattern in _CODES_IN_TEXT:
                for match in pattern.finditer(text):
                    if int(match[1]) in _BY_NUMBER:
                        return int(match[1])
    return None


def _texts(entry: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The texts of an entry, from a reason that is an object or a list as well."""
    for name in _TEXT_FIELDS:
        value = entry.get(name)
        if type(value) is str:
            if value and not value.isspace():
                yield value.strip()
        elif value is not None:
            yield from _texts_in(value, depth)


def _texts_in(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield from _texts({"error": value}, depth)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif depth and isinstance(value, dict):
        yield from _texts(value, depth - 1)
    elif depth and isinstance(value, list):
        for part in value[:5]:
            yield from _texts_in(part, depth - 1)
