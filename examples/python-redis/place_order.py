"""Places an order and writes its event, by one script. Prints the event's id.

    pip install -r examples/python-redis/requirements.txt      (Debian: apt-get install python3-redis)
    source .relaybox/env
    python3 examples/python-redis/place_order.py [ORDER_ID [EVENT_ID]]
"""

import binascii
import json
import os
import pathlib
import sys
import uuid

import redis

VERSION = 1
SETS = ["schema", "due", "leases", "lines", "later", "sent", "failed", "seq"]
PREFIX = os.environ.get("REDIS_KEY_PREFIX", "relaybox")
BUCKETS = int(os.environ.get("REDIS_BUCKETS", "1"))


def tag_of(text: str) -> str:
    """The hash tag of the bucket that a text belongs to. The CRC is the one that Redis uses for hash slots."""
    return "{%s:%d}" % (PREFIX, binascii.crc_hqx(text.encode(), 0) % BUCKETS)


def main() -> None:
    # Who must be able to repeat the script takes the same event id again.
    order_id = sys.argv[1] if len(sys.argv) > 1 else str(uuid.uuid4())
    event_id = sys.argv[2] if len(sys.argv) > 2 else str(uuid.uuid4())
    order = {"orderId": order_id, "customer": "Margaret", "totalCents": 4200}

    # Connects as REDIS_URL says: redis://user:password@host:port/0.
    with redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True) as client:
        # The client sends the script's SHA-1, and the script itself where the server does not know it.
        folder = pathlib.Path(__file__).parent.parent / "redis"
        insert = client.register_script((folder / "outbox_insert.lua").read_text(encoding="utf-8"))

        # The event goes where the order is: one script changes keys of one hash tag only.
        tag = tag_of(order_id)
        key = f"order:{tag}:{order_id}"
        keys = [f"{tag}:{name}" for name in SETS] + [f"{tag}:row:{event_id}", key]
        row, own = len(SETS) + 1, len(SETS) + 2
        answer, *more = insert(
            keys,
            [
                VERSION, BUCKETS,
                1, row, event_id, "orders.placed", json.dumps(order),
                "", "", "", "", "",  # no headers, ordering key, times or result
                f"{PREFIX}:due",  # wakes the relay
                1, 2,  # one condition and two writes: name, place of the key, and two arguments each
                "absent", own, "", "",
                "hash-set", own, "customer", order["customer"],
                "hash-set", own, "totalCents", order["totalCents"],
                0,  # the results of the writes do not become the event's
            ],
        )

    if answer != "written":
        sys.exit(f"Nothing was written: {answer} {more}")
    print(event_id)


if __name__ == "__main__":
    main()
