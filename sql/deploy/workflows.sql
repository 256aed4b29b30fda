BEGIN;

SET LOCAL ROLE order_owner;

CREATE TABLE shop.workflows (
    name            text     PRIMARY KEY
                             CHECK (name ~ '^[a-z][a-z0-9_]{0,29}$'),
    description     text     NOT NULL,
    progress_total  smallint NOT NULL CHECK (progress_total > 0)
);

-- "phase" is what a status means to every workflow: the triggers go by it,
-- and by no status's name.

CREATE TABLE shop.workflow_statuses (
    id              smallint PRIMARY KEY CHECK (id BETWEEN 1 AND 1023),
    workflow        text     NOT NULL REFERENCES shop.workflows,
    code            text     NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{0,29}$'),
    label           text     NOT NULL,
    emoji           text     NOT NULL,
    message         text     NOT NULL,
    step            smallint NOT NULL CHECK (step >= 0),
    initial         boolean  NOT NULL DEFAULT false,
    final           boolean  NOT NULL DEFAULT false,
    phase           text     NOT NULL CHECK (phase IN ('payment', 'open',
                                 'shipped', 'delivered', 'completed',
                                 'disputed', 'returned', 'cancelled',
                                 'refunded', 'failed')),
    opens_delivery  boolean  NOT NULL DEFAULT false,
    payment_status  text,
    poll_after      integer  CHECK (poll_after > 0),
    stuck_after     interval,
    UNIQUE (workflow, code),
    UNIQUE (workflow, code, final),
    CHECK (final = (poll_after IS NULL))
);

COMMENT ON COLUMN shop.workflow_statuses.id IS
    'Unique over all workflows and never used again.';
COMMENT ON COLUMN shop.workflow_statuses.step IS
    'How far the order is, of the workflow''s progress_total; 0: off the way.';
COMMENT ON COLUMN shop.workflow_statuses.payment_status IS
    'What the order''s payment becomes in this status; NULL: stays.';
COMMENT ON COLUMN shop.workflow_statuses.poll_after IS
    'Seconds after which it is worth asking again; none once it is final.';
COMMENT ON COLUMN shop.workflow_statuses.stuck_after IS
    'An order that is in this status for longer is stuck.';

-- Admin and system may every transition; "roles" names who may besides.
-- from_final keeps any transition from leading out of a final status.

CREATE TABLE shop.workflow_transitions (
    workflow     text    NOT NULL,
    from_status  text    NOT NULL,
    to_status    text    NOT NULL,
    roles        text[]  NOT NULL CHECK (roles <@ ARRAY['customer', 'manager',
                             'driver', 'admin', 'system']),
    from_final   boolean NOT NULL DEFAULT false CHECK (NOT from_final),
    PRIMARY KEY (workflow, from_status, to_status),
    FOREIGN KEY (workflow, from_status, from_final)
        REFERENCES shop.workflow_statuses (workflow, code, final),
    FOREIGN KEY (workflow, to_status)
        REFERENCES shop.workflow_statuses (workflow, code),
    CHECK (from_status <> to_status)
);

-- The first status by payment method; one row with the method '' stands for
-- all that are not named.  "unproven" is the first status where the payment
-- still has to be proven.

CREATE TABLE shop.workflow_initial_statuses (
    workflow        text NOT NULL,
    payment_method  text NOT NULL,
    status          text NOT NULL,
    unproven        text NOT NULL,
    PRIMARY KEY (workflow, payment_method),
    FOREIGN KEY (workflow, status)
        REFERENCES shop.workflow_statuses (workflow, code),
    FOREIGN KEY (workflow, unproven)
        REFERENCES shop.workflow_statuses (workflow, code)
);

-- rises with every change of the four tables above

CREATE TABLE shop.revision (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision  integer NOT NULL
);

INSERT INTO shop.revision (revision) VALUES (1);

COMMIT;
