-- Places an order and writes its event, in one transaction. Prints the event's id.
--
--   source .relaybox/env
--   mysql --user=root --database=shop --default-character-set=utf8mb4 --batch --skip-column-names < examples/sql/place-order.mysql.sql
--   mysql … --init-command="SET @order_id = 'o-1', @event_id = 'e-1'" < examples/sql/place-order.mysql.sql
--
-- MYSQL_HOST, MYSQL_TCP_PORT and MYSQL_PWD say where the server is. The first error ends a client that reads its standard input, and the
-- transaction with it. A client that reads a file by `source` goes on after an error, to the COMMIT: do not do that.

-- The app's own table.
SET SESSION sql_notes = 0;
CREATE TABLE IF NOT EXISTS orders (order_id VARCHAR(64) PRIMARY KEY, customer TEXT NOT NULL, total_cents INT NOT NULL);

-- Any text that no other event has. Who must be able to repeat the transaction takes the same id again.
SET @order_id = COALESCE(@order_id, CAST(UUID() AS CHAR)), @event_id = COALESCE(@event_id, CAST(UUID() AS CHAR));

SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
START TRANSACTION;

INSERT INTO orders (order_id, customer, total_cents) VALUES (@order_id, 'Ada', 4200);

INSERT INTO relaybox.outbox (event_id, subject, payload)
VALUES (@event_id, 'orders.placed', JSON_OBJECT('orderId', @order_id, 'customer', 'Ada', 'totalCents', 4200));

COMMIT;

SELECT @event_id;
