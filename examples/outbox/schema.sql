-- The outbox: what an application has to tell its users, written in the same transaction
-- as whatever there is to tell. If that is rolled back nothing is sent; if it is committed
-- relay.py sends it, whatever breaks down in between.
--
-- This is for SQLite. The first line of the table is
--     id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   for PostgreSQL
--     id BIGINT AUTO_INCREMENT PRIMARY KEY,                 for MySQL and MariaDB
CREATE TABLE notification_outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	-- What has happened, as order-2041-paid: nothing is told twice
	event VARCHAR(255) NOT NULL UNIQUE,
	user_id VARCHAR(255) NOT NULL,
	type VARCHAR(7) DEFAULT 'info' NOT NULL,
	title VARCHAR(200) NOT NULL,
	message VARCHAR(1000) NOT NULL,
	link VARCHAR(2048),
	created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL,
	-- One of the two is set when the row is done with
	sent_at TIMESTAMP,
	refused VARCHAR(1000)
);

CREATE INDEX notification_outbox_by_state ON notification_outbox (sent_at, id);
