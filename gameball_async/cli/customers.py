"""The command on one customer: upsert."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any, NoReturn

import click
import orjson

from ..errors import InputError, ItemError, RejectedError
from .connection import Connection, connect, talks
from .ending import Exit, finish, perform, say

__all__ = ["upsert"]


@click.command()
@click.argument("file", type=click.Path(), metavar="[FILE|-]", required=False)
@click.option("--customer-id", help="The customer's id in your shop.")
@click.option("--email", help="Email address.")
@click.option("--mobile", help="Mobile number.")
@click.option("--name", help="The name to show (customerAttributes.displayName).")
@talks
def upsert(
    connection: Connection,
    file: str | None,
    customer_id: str | None,
    email: str | None,
    mobile: str | None,
    name: str | None,
    as_json: bool,
) -> NoReturn:
    """
    Create or update one customer.

    FILE holds one JSON object with the API's field names, - reads it from standard input; options
    win over it.
    """
    if file is None and customer_id is None:
        raise click.UsageError("pass --customer-id ID, or a FILE with one JSON object")
    try:
        customer = {} if file is None else read_object(file)
    except (InputError, OSError) as error:
        say(str(error))
        raise SystemExit(Exit.UNUSABLE) from None
    put(customer, customerId=customer_id, email=email, mobile=mobile)
    if name is not None:
        attributes = customer.get("customerAttributes")
        known = attributes if isinstance(attributes, dict) else {}
        customer["customerAttributes"] = {**known, "displayName": name}

    async def main() -> int:
        async with AsyncExitStack() as stack:
            client = await connect(stack, connection, batch=False)
            try:
                gameball_id = await client.upsert_customer(customer)
            except (ItemError, RejectedError) as error:
                say(str(error))
                return Exit.SOME_FAILED
            click.echo(
                orjson.dumps({"gameball_id": gameball_id})
                if as_json
                else f"the customer is stored; Gameball's id: {gameball_id}"
            )
            return Exit.OK

    raise SystemExit(finish(perform(main)))


def put(customer: dict[str, Any], **fields: str | None) -> None:
    """Set the fields that were given."""
    customer.update((name, value) for name, value in fields.items() if value is not None)


def read_object(path: str) -> dict[str, Any]:
    """
    One JSON object from a file, or from standard input for ``-``.

    Raises:
        InputError: it is not one JSON object.
        OSError: it cannot be read.
    """
    with click.open_file(path, "rb") as stream:
        content: bytes = stream.read()
    shown = "standard input" if path == "-" else path
    try:
        value = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"this is not JSON ({error.msg}, column {error.colno}); write one object such as "
            '{"customerId": "c1", "email": "a@example.com"}',
            path=shown,
            line=error.lineno,
        ) from None
    if not isinstance(value, dict):
        raise InputError("this is not one JSON object; for many customers use import", path=shown)
    return value
