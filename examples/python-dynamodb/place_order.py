"""Places an order and writes its event, in one transaction. Prints the event's id.

    pip install -r examples/python-dynamodb/requirements.txt
    source .relaybox/env
    python3 examples/python-dynamodb/place_order.py [ORDER_ID [EVENT_ID]]
"""

import json
import os
import sys
import time
import uuid

import boto3

ORDERS_TABLE = "orders"


def main() -> None:
    # Who must be able to repeat the transaction takes the same event id again.
    order_id = sys.argv[1] if len(sys.argv) > 1 else str(uuid.uuid4())
    event_id = sys.argv[2] if len(sys.argv) > 2 else str(uuid.uuid4())
    order = {"orderId": order_id, "customer": "Edsger", "totalCents": 4200}

    # boto3 1.28 and later read the endpoint from this variable themselves.
    dynamodb = boto3.client("dynamodb", endpoint_url=os.environ.get("AWS_ENDPOINT_URL_DYNAMODB"))
    create_orders_table(dynamodb)

    dynamodb.transact_write_items(
        TransactItems=[
            {
                "Put": {
                    "TableName": ORDERS_TABLE,
                    "Item": {
                        "orderId": {"S": order["orderId"]},
                        "customer": {"S": order["customer"]},
                        "totalCents": {"N": str(order["totalCents"])},
                    },
                    "ConditionExpression": "attribute_not_exists(orderId)",
                }
            },
            {
                "Put": {
                    "TableName": os.environ["OUTBOX_TABLE"],
                    "Item": {
                        "eventId": {"S": event_id},
                        "subject": {"S": "orders.placed"},
                        "payload": {"S": json.dumps(order)},
                        "status": {"S": "pending"},
                        "enqueuedAt": {"N": str(time.time_ns() // 1_000_000)},
                    },
                    # One id is one event: an id that is taken fails the transaction.
                    "ConditionExpression": "attribute_not_exists(eventId)",
                }
            },
        ]
    )
    print(event_id)


def create_orders_table(dynamodb) -> None:
    """The app's own table."""
    try:
        dynamodb.create_table(
            TableName=ORDERS_TABLE,
            AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except dynamodb.exceptions.ResourceInUseException:
        pass
    dynamodb.get_waiter("table_exists").wait(TableName=ORDERS_TABLE, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


if __name__ == "__main__":
    main()
