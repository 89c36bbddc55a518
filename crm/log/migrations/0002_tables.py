"""The tables of the log, its triggers and its functions. All of it belongs to the role that migrates, never to the role app."""

from django.db import migrations

TABLES = """
CREATE TABLE log_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor_id bigint,
    actor_number text NOT NULL,
    actor_name text NOT NULL,
    actor_kind text NOT NULL,
    role text NOT NULL,
    origin text NOT NULL,
    session text NOT NULL,
    address text NOT NULL,
    request_id text NOT NULL,
    view text NOT NULL CHECK (view IN ('operations', 'security', 'audit')),
    action text NOT NULL,
    result text NOT NULL CHECK (result IN ('done', 'refused', 'failed')),
    target_type text NOT NULL,
    target_ref text NOT NULL,
    customer text NOT NULL,
    reason text NOT NULL,
    approver text NOT NULL,
    data jsonb NOT NULL,
    body bytea NOT NULL,
    mac bytea NOT NULL CHECK (length(mac) = 32)
);
CREATE INDEX log_event_txid ON log_event (txid);
CREATE INDEX log_event_at ON log_event (at, id);
CREATE INDEX log_event_actor ON log_event (actor_number, at, id);
CREATE INDEX log_event_name ON log_event (actor_name, at, id);
CREATE INDEX log_event_action ON log_event (action, at, id);
CREATE INDEX log_event_target ON log_event (target_ref, at, id) WHERE target_ref <> '';
CREATE INDEX log_event_customer ON log_event (customer, at, id) WHERE customer <> '';
CREATE INDEX log_event_request ON log_event (request_id, id) WHERE request_id <> '';
CREATE INDEX log_event_view ON log_event (view, at, id) WHERE view <> 'operations';
CREATE INDEX log_event_result ON log_event (result, at, id) WHERE result <> 'done';

CREATE TABLE log_leaf (
    event_id bigint NOT NULL,
    position integer NOT NULL,
    ref text NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (event_id, position)
);
CREATE INDEX log_leaf_ref ON log_leaf (ref);

CREATE TABLE log_seal (
    seq bigint PRIMARY KEY,
    event_id bigint NOT NULL UNIQUE,
    prev bytea NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);

-- One row, updated by every commit: room on its page keeps these updates off the index.
CREATE TABLE log_head (
    id smallint PRIMARY KEY CHECK (id = 1),
    log_id uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    count bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (id, log_id, seq, hash, count)
SELECT 1, fresh.log_id, 0, sha256(convert_to('crm.log ' || fresh.log_id::text, 'UTF8')), 0
FROM (SELECT gen_random_uuid() AS log_id) AS fresh;

CREATE TABLE log_attestation (
    id smallint PRIMARY KEY CHECK (id = 1),
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    count bigint NOT NULL,
    at text NOT NULL,
    mac bytea NOT NULL
) WITH (fillfactor = 10);
"""

# A transaction's lines are chained when it commits, all at the first of their triggers; the others find their seal there. So the
# head is held from commit to commit's end only, and nobody can wait for a row of the business while holding it.
SEALING = """
CREATE FUNCTION log_seal_lines() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET enable_seqscan = off AS $$
DECLARE
    head public.log_head%ROWTYPE;
    line record;
    fresh bytea;
BEGIN
    IF EXISTS (SELECT 1 FROM public.log_seal WHERE event_id = NEW.id) THEN
        RETURN NULL;
    END IF;
    IF NEW.txid <> pg_current_xact_id() THEN
        RAISE EXCEPTION 'A log line must carry the transaction that writes it.';
    END IF;
    SELECT * INTO STRICT head FROM public.log_head WHERE id = 1 FOR UPDATE;
    FOR line IN
        SELECT e.id, e.txid, e.body, e.mac FROM public.log_event e
        WHERE e.txid = NEW.txid AND e.id >= NEW.id
            AND NOT EXISTS (SELECT 1 FROM public.log_seal s WHERE s.event_id = e.id)
        ORDER BY e.id
    LOOP
        head.seq := head.seq + 1;
        head.count := head.count + 1;
        fresh := sha256(head.hash || int8send(head.seq) || int8send(line.id) || int8send(line.txid::text::bigint)
                        || sha256(line.body || line.mac));
        INSERT INTO public.log_seal (seq, event_id, prev, hash) VALUES (head.seq, line.id, head.hash, fresh);
        head.hash := fresh;
    END LOOP;
    UPDATE public.log_head SET seq = head.seq, hash = head.hash, count = head.count WHERE id = 1;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION log_seal_lines() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER log_event_seal AFTER INSERT ON log_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_seal_lines();
"""

REFUSING = """
CREATE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

APPEND_ONLY = "".join(
    f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();
"""
    for table in ("log_event", "log_leaf", "log_seal")
) + "".join(
    f"""
CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();
"""
    for table in ("log_head", "log_attestation")
)

GONE = """
DROP TABLE log_event, log_leaf, log_seal, log_head, log_attestation;
DROP FUNCTION log_seal_lines(), log_refuse_change();
"""


class Migration(migrations.Migration):
    """Tables, sealing at commit, append-only."""

    dependencies = [("log", "0001_initial")]

    operations = [migrations.RunSQL(TABLES + SEALING + REFUSING + APPEND_ONLY, GONE)]
