#!/usr/bin/env bash
# Places an order and writes its event, in one transaction: signed HTTP, without an SDK. Prints the event's id.
#
#   source .relaybox/env
#   examples/http-dynamodb/place-order.sh [ORDER_ID [EVENT_ID]]
#
# Needs curl 7.75 or newer. The ids go into JSON as they are: no quotes or backslashes in them.
set -euo pipefail

: "${OUTBOX_TABLE:?is not set. Run: source .relaybox/env}"
: "${AWS_ACCESS_KEY_ID:?}" "${AWS_SECRET_ACCESS_KEY:?}" "${AWS_REGION:?}"
endpoint="${AWS_ENDPOINT_URL_DYNAMODB:-https://dynamodb.$AWS_REGION.amazonaws.com}"

# Who must be able to repeat the transaction takes the same event id again.
order_id="${1:-$(cat /proc/sys/kernel/random/uuid)}"
event_id="${2:-$(cat /proc/sys/kernel/random/uuid)}"

# Calls an operation with the JSON on standard input, and prints the answer. The credentials are kept off the command line.
call() {
  curl --silent --show-error --fail-with-body --aws-sigv4 "aws:amz:$AWS_REGION:dynamodb" \
    --config <(printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
      [[ -z "${AWS_SESSION_TOKEN:-}" ]] || printf 'header = "X-Amz-Security-Token: %s"\n' "$AWS_SESSION_TOKEN") \
    --header 'Content-Type: application/x-amz-json-1.0' \
    --header "X-Amz-Target: DynamoDB_20120810.$1" \
    --data-binary @- "$endpoint/"
}

# The app's own table.
if ! answer="$(call CreateTable <<'JSON'
{
  "TableName": "orders",
  "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "S"}],
  "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
  "BillingMode": "PAY_PER_REQUEST"
}
JSON
)" 2>/dev/null; then
  [[ "$answer" == *ResourceInUseException* ]] || { printf '%s\n' "$answer" >&2; exit 1; }
fi
until [[ "$(call DescribeTable <<<'{"TableName": "orders"}')" == *'"TableStatus":"ACTIVE"'* ]]; do sleep 1; done

# A condition on each: an id that is taken fails the transaction, and nothing is written.
call TransactWriteItems >&2 <<JSON
{
  "TransactItems": [
    {
      "Put": {
        "TableName": "orders",
        "Item": {
          "orderId": {"S": "$order_id"},
          "customer": {"S": "Frances"},
          "totalCents": {"N": "4200"}
        },
        "ConditionExpression": "attribute_not_exists(orderId)"
      }
    },
    {
      "Put": {
        "TableName": "$OUTBOX_TABLE",
        "Item": {
          "eventId": {"S": "$event_id"},
          "subject": {"S": "orders.placed"},
          "payload": {"S": "{\"orderId\":\"$order_id\",\"customer\":\"Frances\",\"totalCents\":4200}"},
          "status": {"S": "pending"},
          "enqueuedAt": {"N": "$(date +%s%3N)"}
        },
        "ConditionExpression": "attribute_not_exists(eventId)"
      }
    }
  ]
}
JSON

printf '%s\n' "$event_id"
