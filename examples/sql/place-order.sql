-- Places an order and writes its event, in one transaction. Prints the event's id.
--
--   source .relaybox/env
--   psql -X -f examples/sql/place-order.sql
--   psql -X -v order_id=o-1 -v event_id=e-1 -f examples/sql/place-order.sql
\set ON_ERROR_STOP on
\set QUIET on

-- Where the outbox is. An app would write "relaybox"."outbox" here.
\set schema relaybox
\getenv schema DATABASE_SCHEMA
\set outbox outbox
\getenv outbox OUTBOX_TABLE

-- The app's own table.
SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS orders (order_id text PRIMARY KEY, customer text NOT NULL, total_cents integer NOT NULL);

\if :{?order_id}
\else
  SELECT gen_random_uuid() AS order_id \gset
\endif

-- Any text that no other event has. Who must be able to repeat the transaction takes the same id again.
\if :{?event_id}
\else
  SELECT gen_random_uuid() AS event_id \gset
\endif

BEGIN;

INSERT INTO orders (order_id, customer, total_cents) VALUES (:'order_id', 'Ada', 4200);

INSERT INTO :"schema".:"outbox" (event_id, subject, payload)
VALUES (
  :'event_id',
  'orders.placed',
  json_build_object('orderId', :'order_id'::text, 'customer', 'Ada', 'totalCents', 4200)::text);

COMMIT;

\echo :event_id
