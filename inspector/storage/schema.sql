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
    answer_set BIGINT,
    kept_from BIGINT DEFAULT '1' NOT NULL,
    held BIGINT DEFAULT '0' NOT NULL,
    let_go BIGINT DEFAULT '0' NOT NULL,
    receiver VARCHAR(16) DEFAULT 'php' NOT NULL,
    signatures TEXT,
    pinned BIGINT DEFAULT '0' NOT NULL,
    replay_urls TEXT,
    columns TEXT,
    relay TEXT,
    ttl_s BIGINT,
    stored_bytes BIGINT DEFAULT '0' NOT NULL,
    UNIQUE (name)
);

CREATE TABLE answer_sets (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    bin_id INTEGER NOT NULL,
    document TEXT NOT NULL,
    FOREIGN KEY(bin_id) REFERENCES bins (id) ON DELETE CASCADE
);

CREATE INDEX answer_sets_by_bin ON answer_sets (bin_id);

CREATE TABLE answer_turns (
    answer_set INTEGER NOT NULL,
    rule INTEGER NOT NULL,
    turns BIGINT NOT NULL,
    PRIMARY KEY (answer_set, rule),
    FOREIGN KEY(answer_set) REFERENCES answer_sets (id) ON DELETE CASCADE
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
    answer_set BIGINT,
    answer_rule INTEGER,
    answer_turn BIGINT,
    body_size BIGINT NOT NULL,
    raw_head BLOB NOT NULL,
    body BLOB NOT NULL,
    wire TEXT,
    FOREIGN KEY(bin_id) REFERENCES bins (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX requests_by_number ON requests (bin_id, number);

CREATE TABLE recorded_answers (
    bin_id INTEGER NOT NULL,
    number BIGINT NOT NULL,
    outcome VARCHAR(16) NOT NULL,
    status INTEGER,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (bin_id, number),
    FOREIGN KEY(bin_id, number) REFERENCES requests (bin_id, number) ON DELETE CASCADE
);

CREATE TABLE annotations (
    bin_id INTEGER NOT NULL,
    number BIGINT NOT NULL,
    pinned BOOLEAN NOT NULL,
    note TEXT,
    PRIMARY KEY (bin_id, number),
    FOREIGN KEY(bin_id, number) REFERENCES requests (bin_id, number) ON DELETE CASCADE
);

CREATE TABLE relays (
    bin_id INTEGER NOT NULL,
    number BIGINT NOT NULL,
    url TEXT NOT NULL,
    until_us BIGINT NOT NULL,
    status INTEGER,
    duration_ms FLOAT,
    delivery BIGINT,
    error_code VARCHAR(32),
    error TEXT,
    withheld TEXT,
    PRIMARY KEY (bin_id, number),
    FOREIGN KEY(bin_id, number) REFERENCES requests (bin_id, number) ON DELETE CASCADE
);

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
    answer_body BLOB NOT NULL,
    run VARCHAR(32),
    replay_key VARCHAR(64)
);

CREATE INDEX deliveries_by_run ON deliveries (run, id);
CREATE INDEX deliveries_by_replay ON deliveries (replay_key, id);

CREATE TABLE ended_logins (
    login VARCHAR(64) NOT NULL,
    until_s BIGINT NOT NULL,
    PRIMARY KEY (login)
);

CREATE TABLE audit_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at_us BIGINT NOT NULL,
    action VARCHAR(32) NOT NULL,
    bin_id INTEGER NOT NULL,
    bin_name VARCHAR(63) NOT NULL,
    private BOOLEAN NOT NULL,
    details TEXT NOT NULL,
    caller VARCHAR(16) NOT NULL,
    address VARCHAR(100) NOT NULL
);

CREATE INDEX audit_log_by_bin ON audit_log (bin_id, id);

CREATE TABLE installation (
    name VARCHAR(32) NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
