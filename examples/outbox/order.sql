-- What the application does when an order was paid: both, or neither.
BEGIN;
UPDATE orders SET paid = 1 WHERE id = 2041;
INSERT INTO notification_outbox (event, user_id, type, title, message, link)
VALUES ('order-2041-paid', 'alice', 'success', 'Paid', 'Order 2041 was paid.', '/orders/2041');
COMMIT;
