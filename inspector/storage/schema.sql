-- What a new SQLite database is made of; tests hold it to the models and to the migrations.

CREATE TABLE bins (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(63) NOT NULL,
    private BOOLEAN NOT NULL,
    secret_hash VARCHAR(64),
    created_us BIGINT NOT NULL,
    capacity INTEGER NOT NULL,
    last_number BIGINT NOT NULL,
    answers TEXT,
    UNIQUE (name)
);

CREATE TABLE requests (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    bin_id INTEGER NOT NULL,
    number BIGINT NOT NULL,
    received_us BIGINT NOT NULL,
    method TEXT NOT NULL,
    peer TEXT NOT NULL,
    fidelity VARCHAR(16) NOT NULL,
    chunked BOOLEAN NOT NULL,
    truncated BOOLEAN NOT NULL,
    refused_status INTEGER,
    refused_reason TEXT,
    body_size BIGINT NOT NULL,
    raw_head BLOB NOT NULL,
    body BLOB NOT NULL,
    wire TEXT,
    FOREIGN KEY(bin_id) REFERENCES bins (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX requests_by_number ON requests (bin_id, number);

CREATE TABLE actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    changed_us BIGINT NOT NULL,
    definition TEXT NOT NULL,
    ticket TEXT NOT NULL
);

CREATE TABLE deliveries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    size_bytes BIGINT NOT NULL,
    line TEXT NOT NULL,
    details TEXT NOT NULL,
    raw_head BLOB NOT NULL,
    body BLOB NOT NULL,
    answer_body BLOB NOT NULL
);

CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
