"""Checkpoints: the oldest lines may go, below a signed position and when they are older than the floor; nothing else may."""

from django.db import migrations

FORWARD = """
CREATE TABLE log_checkpoint (
    seq bigint PRIMARY KEY,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    count bigint NOT NULL,
    at text NOT NULL,
    mac bytea NOT NULL CHECK (length(mac) = 32),
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE TRIGGER log_checkpoint_append_only BEFORE UPDATE OR DELETE ON log_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER log_checkpoint_no_truncate BEFORE TRUNCATE ON log_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();

-- Deleting is refused as before, but in a transaction that has just written a checkpoint, and then below it only.
CREATE OR REPLACE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('log_event', 'log_leaf', 'log_seal')
        AND EXISTS (SELECT FROM public.log_checkpoint WHERE txid = pg_current_xact_id()) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The audit log is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION log_below_checkpoint() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    position bigint;
BEGIN
    position := CASE TG_TABLE_NAME WHEN 'log_seal' THEN (to_jsonb(OLD) ->> 'seq')::bigint
        WHEN 'log_event' THEN (SELECT seq FROM public.log_seal WHERE event_id = (to_jsonb(OLD) ->> 'id')::bigint)
        ELSE (SELECT seq FROM public.log_seal WHERE event_id = (to_jsonb(OLD) ->> 'event_id')::bigint) END;
    IF position IS NULL OR position > (SELECT max(seq) FROM public.log_checkpoint) THEN
        RAISE EXCEPTION 'The audit log is append-only: DELETE on % above the checkpoint is refused.', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER log_event_below BEFORE DELETE ON log_event FOR EACH ROW EXECUTE FUNCTION log_below_checkpoint();
CREATE TRIGGER log_leaf_below BEFORE DELETE ON log_leaf FOR EACH ROW EXECUTE FUNCTION log_below_checkpoint();
CREATE TRIGGER log_seal_below BEFORE DELETE ON log_seal FOR EACH ROW EXECUTE FUNCTION log_below_checkpoint();

-- The floor stands here, where no setting reaches it: 366 days.
CREATE FUNCTION log_purge(last bigint, signed_at text, signature bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    digest bytea;
    gone bigint;
BEGIN
    SELECT s.hash INTO digest FROM public.log_seal s WHERE s.seq = last;
    IF digest IS NULL THEN
        RAISE EXCEPTION 'There is no position % in the log.', last USING ERRCODE = 'no_data_found';
    END IF;
    IF EXISTS (SELECT FROM public.log_seal s JOIN public.log_event e ON e.id = s.event_id
               WHERE s.seq <= last AND e.at > now() - interval '366 days') THEN
        RAISE EXCEPTION 'Lines of the last 366 days are not purged.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.log_checkpoint (seq, hash, count, at, mac) VALUES (last, digest, last, signed_at, signature);
    DELETE FROM public.log_leaf l USING public.log_seal s WHERE s.event_id = l.event_id AND s.seq <= last;
    DELETE FROM public.log_event e USING public.log_seal s WHERE s.event_id = e.id AND s.seq <= last;
    DELETE FROM public.log_seal WHERE seq <= last;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION log_purge(bigint, text, bytea) FROM PUBLIC;
"""
BACK = """
DROP FUNCTION log_purge(bigint, text, bytea);
DROP TRIGGER log_event_below ON log_event; DROP TRIGGER log_leaf_below ON log_leaf; DROP TRIGGER log_seal_below ON log_seal;
DROP FUNCTION log_below_checkpoint();
CREATE OR REPLACE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TABLE log_checkpoint;
"""


class Migration(migrations.Migration):
    """Adds the table and the function; deleting below a checkpoint is let through."""

    dependencies = [("log", "0002_tables")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
