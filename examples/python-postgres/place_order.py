"""Places an order and writes its event, in one transaction. Prints the event's id.

    pip install -r examples/python-postgres/requirements.txt      (Debian: apt-get install python3-psycopg)
    source .relaybox/env
    python3 examples/python-postgres/place_order.py [ORDER_ID [EVENT_ID]]
"""

import json
import os
import sys
import uuid

import psycopg
from psycopg import sql


def main() -> None:
    # Who must be able to repeat the transaction takes the same event id again.
    order_id = sys.argv[1] if len(sys.argv) > 1 else str(uuid.uuid4())
    event_id = sys.argv[2] if len(sys.argv) > 2 else str(uuid.uuid4())
    order = {"orderId": order_id, "customer": "Tony", "totalCents": 4200}
    outbox = sql.Identifier(os.environ.get("DATABASE_SCHEMA", "relaybox"), os.environ.get("OUTBOX_TABLE", "outbox"))

    # Connects as PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE say.
    with psycopg.connect(autocommit=True) as connection:
        # The app's own table.
        connection.execute(
            "CREATE TABLE IF NOT EXISTS orders"
            " (order_id text PRIMARY KEY, customer text NOT NULL, total_cents integer NOT NULL)"
        )

        # Commits at its end; an exception rolls back.
        with connection.transaction():
            connection.execute(
                "INSERT INTO orders (order_id, customer, total_cents) VALUES (%s, %s, %s)",
                (order["orderId"], order["customer"], order["totalCents"]),
            )
            connection.execute(
                sql.SQL("INSERT INTO {} (event_id, subject, payload) VALUES (%s, %s, %s)").format(outbox),
                (event_id, "orders.placed", json.dumps(order)),
            )

    print(event_id)


if __name__ == "__main__":
    main()
