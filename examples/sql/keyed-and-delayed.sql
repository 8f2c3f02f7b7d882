-- The optional columns: an ordering key, a time before which nothing is published, headers. Prints three event ids.
--
--   source .relaybox/env
--   psql -X -f examples/sql/keyed-and-delayed.sql
\set ON_ERROR_STOP on
\set QUIET on
\set schema relaybox
\getenv schema DATABASE_SCHEMA
\set outbox outbox
\getenv outbox OUTBOX_TABLE

SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS orders (order_id text PRIMARY KEY, customer text NOT NULL, total_cents integer NOT NULL);

SELECT gen_random_uuid() AS first_order, gen_random_uuid() AS first_event,
       gen_random_uuid() AS second_order, gen_random_uuid() AS second_event,
       gen_random_uuid() AS later_order, gen_random_uuid() AS later_event \gset

-- Two events of one key: the second is not published before the first is. The first write holds the key until the
-- transaction ends, so that the order of the events is the order of the commits; keep such transactions short, and write
-- several keys in one order everywhere.
BEGIN;
INSERT INTO orders (order_id, customer, total_cents) VALUES (:'first_order', 'Grace', 1900), (:'second_order', 'Grace', 2100);
INSERT INTO :"schema".:"outbox" (event_id, subject, payload, ordering_key)
VALUES (:'first_event', 'orders.placed',
        json_build_object('orderId', :'first_order'::text, 'customer', 'Grace', 'totalCents', 1900)::text, 'customer-Grace'),
       (:'second_event', 'orders.placed',
        json_build_object('orderId', :'second_order'::text, 'customer', 'Grace', 'totalCents', 2100)::text, 'customer-Grace');
COMMIT;

-- An event for later, by the database's clock, with headers: a JSON object of strings.
BEGIN;
INSERT INTO orders (order_id, customer, total_cents) VALUES (:'later_order', 'Edsger', 700);
INSERT INTO :"schema".:"outbox" (event_id, subject, payload, available_at, headers)
VALUES (:'later_event', 'orders.placed',
        json_build_object('orderId', :'later_order'::text, 'customer', 'Edsger', 'totalCents', 700)::text,
        now() + interval '3 seconds',
        json_build_object('content-type', 'application/json', 'tenant', 'north')::text);
COMMIT;

\echo :first_event
\echo :second_event
\echo :later_event
