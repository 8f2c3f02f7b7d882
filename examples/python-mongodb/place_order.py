"""Places an order and writes its event, in one transaction. Prints the event's id.

    pip install -r examples/python-mongodb/requirements.txt      (Debian: apt-get install python3-pymongo)
    source .relaybox/env
    python3 examples/python-mongodb/place_order.py [ORDER_ID [EVENT_ID]]
"""

import json
import os
import sys
import uuid

from pymongo import MongoClient
from pymongo.errors import CollectionInvalid
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern


def main() -> None:
    # Made before the transaction, which may be run again. Who must be able to repeat it later takes the same event id again.
    order_id = sys.argv[1] if len(sys.argv) > 1 else str(uuid.uuid4())
    event_id = sys.argv[2] if len(sys.argv) > 2 else str(uuid.uuid4())
    order = {"orderId": order_id, "customer": "Edgar", "totalCents": 4200}

    # Connects as MONGODB_URI says, to the database DATABASE_NAME or else to the URI's.
    with MongoClient(os.environ["MONGODB_URI"]) as client:
        database = client.get_database(os.environ.get("DATABASE_NAME"))
        outbox = database[os.environ.get("OUTBOX_TABLE", "outbox")]

        # The app's own collection.
        try:
            database.create_collection("orders")
        except CollectionInvalid:
            pass  # It is there.

        def place(session) -> None:
            database.orders.insert_one(
                {"_id": order["orderId"], "customer": order["customer"], "totalCents": order["totalCents"]},
                session=session,
            )
            outbox.insert_one(
                {"_id": event_id, "subject": "orders.placed", "payload": json.dumps(order), "status": "pending"},
                session=session,
            )

        # Runs the function again on TransientTransactionError, and the commit alone on UnknownTransactionCommitResult.
        with client.start_session() as session:
            session.with_transaction(
                place, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )

    print(event_id)


if __name__ == "__main__":
    main()
