"""Places an order and writes its event, in one transaction. Prints the event's id.

    pip install -r examples/python-mysql/requirements.txt      (Debian: apt-get install python3-pymysql)
    source .relaybox/env
    python3 examples/python-mysql/place_order.py [ORDER_ID [EVENT_ID]]
"""

import json
import os
import sys
import uuid
from urllib.parse import unquote, urlsplit

import pymysql


def connect() -> pymysql.connections.Connection:
    """Connects as DATABASE_URL says: mysql://user:password@host:port/database."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return pymysql.connect(
        host=url.hostname,
        port=url.port or 3306,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        database=unquote(url.path.removeprefix("/")),
        charset="utf8mb4",  # Ids are compared as bytes.
    )


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def main() -> None:
    # Who must be able to repeat the transaction takes the same event id again.
    order_id = sys.argv[1] if len(sys.argv) > 1 else str(uuid.uuid4())
    event_id = sys.argv[2] if len(sys.argv) > 2 else str(uuid.uuid4())
    order = {"orderId": order_id, "customer": "Margaret", "totalCents": 4200}
    outbox = quoted(os.environ.get("DATABASE_SCHEMA", "relaybox")) + "." + quoted(os.environ.get("OUTBOX_TABLE", "outbox"))

    # What was not committed is rolled back with the connection.
    with connect() as connection, connection.cursor() as cursor:
        # The app's own table.
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS orders"
            " (order_id VARCHAR(64) PRIMARY KEY, customer TEXT NOT NULL, total_cents INT NOT NULL)"
        )

        cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        connection.begin()
        cursor.execute(
            "INSERT INTO orders (order_id, customer, total_cents) VALUES (%s, %s, %s)",
            (order["orderId"], order["customer"], order["totalCents"]),
        )
        cursor.execute(
            f"INSERT INTO {outbox} (event_id, subject, payload) VALUES (%s, %s, %s)",
            (event_id, "orders.placed", json.dumps(order)),
        )
        connection.commit()

    print(event_id)


if __name__ == "__main__":
    main()
