-- The dispatcher's role belongs to the cluster, like the others.  It enters
-- the schema dispatch only (sql/grants.sql).

BEGIN;

DO $$
BEGIN
    IF to_regrole('order_dispatch') IS NULL THEN
        CREATE ROLE order_dispatch LOGIN;
    END IF;
END
$$;

CREATE SCHEMA dispatch AUTHORIZATION order_owner;

SET LOCAL ROLE order_owner;

-- what the operator decides: no mail is written until it is switched on

CREATE TABLE shop.outbox_settings (
    one               boolean  PRIMARY KEY DEFAULT true CHECK (one),
    mail              boolean  NOT NULL DEFAULT false,
    mail_from         text     CHECK (length(mail_from) <= 254
                                   AND mail_from ~ '^[!-?A-~]+@[!-?A-~]+$'),
    mail_from_name    text     NOT NULL DEFAULT ''
                               CHECK (length(mail_from_name) <= 100
                                   AND mail_from_name
                                       !~ '[[:cntrl:]"<>()@,;:\\\[\]]'),
    base_url          text     CHECK (base_url
                                   ~ '^https?://[!-~]{1,200}$'),
    mail_statuses     text[],
    mail_sellers      boolean  NOT NULL DEFAULT false,
    webhook_http      boolean  NOT NULL DEFAULT false,
    webhook_private   boolean  NOT NULL DEFAULT false,
    webhook_limit     integer  NOT NULL DEFAULT 20
                               CHECK (webhook_limit >= 0),
    webhook_patience  interval NOT NULL DEFAULT '5 days',
    keep_done         interval NOT NULL DEFAULT '3 days',
    keep_failed       interval NOT NULL DEFAULT '30 days',
    CHECK (NOT mail OR mail_from IS NOT NULL AND base_url IS NOT NULL)
);

COMMENT ON COLUMN shop.outbox_settings.base_url IS
    'Where the shop''s pages are: links in mails begin with it.';
COMMENT ON COLUMN shop.outbox_settings.mail_statuses IS
    'Of which statuses buyers get a mail; NULL: of all.';
COMMENT ON COLUMN shop.outbox_settings.mail_sellers IS
    'Sellers get a mail of each new order.';
COMMENT ON COLUMN shop.outbox_settings.webhook_http IS
    'Endpoints may be http, too.';
COMMENT ON COLUMN shop.outbox_settings.webhook_private IS
    'Endpoints may be in a private network, too.';
COMMENT ON COLUMN shop.outbox_settings.webhook_limit IS
    'How many endpoints a store may have.';
COMMENT ON COLUMN shop.outbox_settings.webhook_patience IS
    'An endpoint to which nothing got through for this long is disabled.';
COMMENT ON COLUMN shop.outbox_settings.keep_done IS
    'How long what was sent is kept.';
COMMENT ON COLUMN shop.outbox_settings.keep_failed IS
    'How long what was given up is kept.';

INSERT INTO shop.outbox_settings DEFAULT VALUES;

CREATE TABLE shop.webhook_endpoints (
    id             uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    store_id       uuid        REFERENCES shop.stores,
    url            text        NOT NULL CHECK (length(url) <= 2048),
    events         text[]      NOT NULL CHECK (cardinality(events) > 0),
    description    text        NOT NULL DEFAULT '',
    active         boolean     NOT NULL DEFAULT true,
    disabled       text        CHECK (disabled IN ('caller', 'gone',
                                   'failing')),
    deleted        boolean     NOT NULL DEFAULT false,
    secret         text        NOT NULL,
    old_secret     text,
    old_until      timestamptz,
    failures       integer     NOT NULL DEFAULT 0,
    failing_since  timestamptz,
    rest_until     timestamptz,
    created_by     uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CHECK (active = (disabled IS NULL)),
    CHECK (NOT (deleted AND active))
) WITH (fillfactor = 80);

COMMENT ON COLUMN shop.webhook_endpoints.store_id IS
    'Whose orders it is told of; NULL: those of all stores.';
COMMENT ON COLUMN shop.webhook_endpoints.disabled IS
    'Why it is not active: its owner''s wish, an answer 410, or that nothing '
    'got through for long.';
COMMENT ON COLUMN shop.webhook_endpoints.old_secret IS
    'Signs too, until old_until.';
COMMENT ON COLUMN shop.webhook_endpoints.failures IS
    'Attempts that failed since the last one that did not.';
COMMENT ON COLUMN shop.webhook_endpoints.rest_until IS
    'No attempt before this, because of the failures.';

CREATE INDEX webhook_endpoints_active ON shop.webhook_endpoints (store_id)
    WHERE active;
CREATE INDEX webhook_endpoints_store
    ON shop.webhook_endpoints (store_id, id) WHERE NOT deleted;

-- The orders that this transaction has changed so far: what becomes of them
-- is sent when it ends (shop.outbox_at_commit()), which also removes them, so
-- nobody else ever sees a row here.

CREATE TABLE shop.outbox_changes (
    order_id    uuid PRIMARY KEY,
    store_id    uuid NOT NULL,
    old_status  text
);

COMMENT ON COLUMN shop.outbox_changes.old_status IS
    'The status before the transaction; NULL: there was no such order.';

-- What is to be sent, once, as it will be sent.

CREATE TABLE shop.outbox (
    id            uuid        PRIMARY KEY DEFAULT shop.uuid7(),
    kind          text        NOT NULL CHECK (kind IN ('mail', 'webhook')),
    event         text        NOT NULL,
    order_id      uuid,
    endpoint_id   uuid        REFERENCES shop.webhook_endpoints,
    mail_to       text,
    mail_to_name  text,
    subject       text,
    body          text        NOT NULL,
    state         text        NOT NULL DEFAULT 'waiting'
                              CHECK (state IN ('waiting', 'done', 'failed',
                                  'skipped')),
    due_at        timestamptz NOT NULL DEFAULT now(),
    leased        boolean     NOT NULL DEFAULT false,
    attempt       integer     NOT NULL DEFAULT 0,
    spent         integer     NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    lane          uuid        NOT NULL GENERATED ALWAYS AS (coalesce(
                                  endpoint_id,
                                  '00000000-0000-0000-0000-000000000000'))
                              STORED,
    CHECK ((kind = 'webhook') = (endpoint_id IS NOT NULL)),
    CHECK ((state = 'waiting') = (finished_at IS NULL)),
    CHECK (NOT leased OR state = 'waiting')
) WITH (fillfactor = 80);

COMMENT ON COLUMN shop.outbox.due_at IS
    'When the next attempt is due; of a row that is leased, when the lease '
    'ends.';
COMMENT ON COLUMN shop.outbox.attempt IS
    'The attempt that runs, or ran last.';
COMMENT ON COLUMN shop.outbox.spent IS
    'The attempts before it was last queued: they do not count any more.';
COMMENT ON COLUMN shop.outbox.lane IS
    'Lanes take turns: one for each endpoint, one for all mail.';

-- One for each question that dispatch.take() asks, and none of them holds
-- what is over.

CREATE INDEX outbox_waiting ON shop.outbox (lane, due_at)
    WHERE state = 'waiting' AND NOT leased;
CREATE INDEX outbox_leased ON shop.outbox (lane, due_at) WHERE leased;
CREATE INDEX outbox_open ON shop.outbox (kind, created_at)
    WHERE state = 'waiting';
CREATE INDEX outbox_over ON shop.outbox (state, kind, finished_at)
    WHERE state <> 'waiting';
CREATE INDEX outbox_endpoint ON shop.outbox (endpoint_id, id)
    WHERE endpoint_id IS NOT NULL;
CREATE INDEX outbox_endpoint_state ON shop.outbox (endpoint_id, state, id)
    WHERE endpoint_id IS NOT NULL;

CREATE TABLE shop.outbox_attempts (
    outbox_id  uuid        NOT NULL REFERENCES shop.outbox ON DELETE CASCADE,
    attempt    integer     NOT NULL,
    good       boolean     NOT NULL,
    code       integer,
    took       interval,
    note       text,
    ended_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (outbox_id, attempt)
);

COMMENT ON COLUMN shop.outbox_attempts.code IS
    'The answer''s: of HTTP, or of SMTP.';

-- they stay when rows go

CREATE TABLE shop.outbox_counts (
    kind    text   NOT NULL,
    result  text   NOT NULL,
    n       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, result)
) WITH (fillfactor = 50);

INSERT INTO shop.outbox_counts (kind, result)
SELECT kind, result
  FROM unnest(ARRAY['mail', 'webhook']) kind,
       unnest(ARRAY['done', 'failed']) result;

COMMIT;
