// Places an order and writes its event, in one transaction. Prints the event's id.
//
//   npm ci --prefix examples/node-dynamodb
//   source .relaybox/env
//   node examples/node-dynamodb/place-order.mjs [ORDER_ID [EVENT_ID]]
import { randomUUID } from "node:crypto";
import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  TransactWriteItemsCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";

const ordersTable = "orders";
const outboxTable = process.env.OUTBOX_TABLE;
if (!outboxTable) {
  throw new Error("OUTBOX_TABLE is not set. Run: source .relaybox/env");
}

// Who must be able to repeat the transaction takes the same event id again.
const [orderId = randomUUID(), eventId = randomUUID()] = process.argv.slice(2);
const order = { orderId, customer: "Grace", totalCents: 4200 };

// Region, credentials and endpoint come from the environment.
const dynamoDb = new DynamoDBClient();
await createOrdersTable();

await dynamoDb.send(
  new TransactWriteItemsCommand({
    TransactItems: [
      {
        Put: {
          TableName: ordersTable,
          Item: {
            orderId: { S: order.orderId },
            customer: { S: order.customer },
            totalCents: { N: String(order.totalCents) },
          },
          ConditionExpression: "attribute_not_exists(orderId)",
        },
      },
      {
        Put: {
          TableName: outboxTable,
          Item: {
            eventId: { S: eventId },
            subject: { S: "orders.placed" },
            payload: { S: JSON.stringify(order) },
            status: { S: "pending" },
            enqueuedAt: { N: String(Date.now()) },
          },
          // One id is one event: an id that is taken fails the transaction.
          ConditionExpression: "attribute_not_exists(eventId)",
        },
      },
    ],
  }),
);

console.log(eventId);

// The app's own table.
async function createOrdersTable() {
  try {
    await dynamoDb.send(
      new CreateTableCommand({
        TableName: ordersTable,
        AttributeDefinitions: [{ AttributeName: "orderId", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "orderId", KeyType: "HASH" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) {
      throw error;
    }
  }

  await waitUntilTableExists({ client: dynamoDb, minDelay: 1, maxWaitTime: 60 }, { TableName: ordersTable });
}
