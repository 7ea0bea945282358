"""The schema, version by version, as PostgreSQL's statements. A version that was ever released never changes: add one.

Texts compare by their bytes, as everywhere else, and not as the server's language would have it. Statements have no
percent sign in them: the driver would take it for its own.
"""

from sqlalchemy import Connection

from controller.domain.errors import JournalUnavailable
from controller.journal.versions import Migrations, version

TEXT = 'TEXT COLLATE "C"'
NUMBERED = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
"""Grows in the order of commits: only the writer takes one."""

VERSION_1 = (
    f"""CREATE TABLE replacements (
        number {NUMBERED}, id {TEXT} NOT NULL UNIQUE, fleet {TEXT} NOT NULL, "group" {TEXT} NOT NULL,
        predecessor {TEXT} NOT NULL, successor {TEXT}, phase {TEXT} NOT NULL, outcome {TEXT},
        accepted_at TIMESTAMPTZ NOT NULL, closed_at TIMESTAMPTZ, closed_event BIGINT, policy_hash {TEXT} NOT NULL,
        causes {TEXT} NOT NULL, image_id {TEXT}, error_type {TEXT}, verification {TEXT},
        predecessor_launched_at TIMESTAMPTZ)""",
    "CREATE UNIQUE INDEX one_open_per_predecessor ON replacements (predecessor) WHERE closed_event IS NULL",
    """CREATE UNIQUE INDEX one_open_claim_per_successor ON replacements (successor)
        WHERE closed_event IS NULL AND successor IS NOT NULL""",
    "CREATE INDEX replacements_open ON replacements (number) WHERE closed_event IS NULL",
    "CREATE INDEX replacements_by_acceptance ON replacements (accepted_at, fleet)",
    "CREATE INDEX replacements_by_outcome ON replacements (outcome, closed_event, fleet)",
    "CREATE INDEX replacements_by_closing ON replacements (fleet, closed_event) WHERE closed_event IS NOT NULL",
    # A story is let go whole: its replacement first, then its events, which are checked at the end.
    f"""CREATE TABLE events (
        id {NUMBERED},
        replacement_id {TEXT} NOT NULL REFERENCES replacements (id) DEFERRABLE INITIALLY DEFERRED,
        ordinal INTEGER NOT NULL, at TIMESTAMPTZ NOT NULL, kind {TEXT} NOT NULL, step {TEXT}, facts {TEXT} NOT NULL,
        token BIGINT NOT NULL, UNIQUE (replacement_id, ordinal))""",
    "ALTER TABLE replacements ADD FOREIGN KEY (closed_event) REFERENCES events (id)",
    """CREATE FUNCTION refuse_to_change_the_past() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM replacements WHERE id = OLD.replacement_id) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'events are append-only';
        END $$""",
    """CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE ON events
        FOR EACH ROW EXECUTE FUNCTION refuse_to_change_the_past()""",
    """CREATE TRIGGER events_are_never_emptied BEFORE TRUNCATE ON events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_past()""",
    """CREATE FUNCTION refuse_to_forget_what_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'an open replacement is never let go of'; END $$""",
    """CREATE TRIGGER open_replacements_stay BEFORE DELETE ON replacements
        FOR EACH ROW WHEN (OLD.closed_event IS NULL) EXECUTE FUNCTION refuse_to_forget_what_is_open()""",
    f"""CREATE TABLE leases (
        fleet {TEXT} PRIMARY KEY, owner {TEXT} NOT NULL, token BIGINT NOT NULL, expires_at TIMESTAMPTZ NOT NULL)""",
    f"""CREATE TABLE presences (
        owner {TEXT} PRIMARY KEY, fleets {TEXT} NOT NULL, since TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL)""",
    f"""CREATE TABLE holds (
        id {NUMBERED}, scope {TEXT} NOT NULL, reason {TEXT} NOT NULL, "by" {TEXT} NOT NULL,
        created_at TIMESTAMPTZ NOT NULL, expires_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, ended_by {TEXT})""",
    "CREATE UNIQUE INDEX one_hold_per_scope ON holds (scope) WHERE ended_at IS NULL",
    f"""CREATE TABLE breakers (
        id {NUMBERED}, fleet {TEXT} NOT NULL, cause {TEXT} NOT NULL, reason {TEXT} NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL, closed_at TIMESTAMPTZ, closed_by {TEXT}, image_id {TEXT})""",
    "CREATE UNIQUE INDEX one_breaker_per_cause ON breakers (fleet, cause) WHERE closed_at IS NULL",
    f"""CREATE TABLE resumes (
        id {NUMBERED}, scope {TEXT} NOT NULL, "by" {TEXT} NOT NULL, at TIMESTAMPTZ NOT NULL,
        after_event BIGINT NOT NULL)""",
    f"""CREATE TABLE requests (
        id {TEXT} PRIMARY KEY, fleet {TEXT} NOT NULL, instance_id {TEXT} NOT NULL, kind {TEXT} NOT NULL,
        verdict {TEXT} NOT NULL, causes {TEXT} NOT NULL, "by" {TEXT} NOT NULL, reason {TEXT} NOT NULL,
        created_at TIMESTAMPTZ NOT NULL, expires_at TIMESTAMPTZ NOT NULL, approved_by {TEXT}, approved_at TIMESTAMPTZ,
        ended {TEXT}, ended_at TIMESTAMPTZ, closing {TEXT} NOT NULL)""",
    "CREATE UNIQUE INDEX one_open_request_per_instance ON requests (fleet, instance_id) WHERE ended IS NULL",
    "CREATE INDEX requests_by_creation ON requests (created_at)",
    f"""CREATE TABLE aborts (
        replacement_id {TEXT} PRIMARY KEY REFERENCES replacements (id), "by" {TEXT} NOT NULL, reason {TEXT} NOT NULL,
        at TIMESTAMPTZ NOT NULL, after_hold BIGINT NOT NULL)""",
    f"CREATE TABLE memory (fleet {TEXT} PRIMARY KEY, document BYTEA NOT NULL)",
    f"""CREATE TABLE reports (
        fleet {TEXT} PRIMARY KEY, at TIMESTAMPTZ NOT NULL, sentence {TEXT} NOT NULL, report BYTEA NOT NULL)""",
    f"""CREATE TABLE refusals (
        fleet {TEXT} NOT NULL, instance_id {TEXT} NOT NULL, rules {TEXT} NOT NULL, facts BYTEA NOT NULL,
        since TIMESTAMPTZ NOT NULL, PRIMARY KEY (fleet, instance_id))""",
    f"CREATE TABLE policies (hash {TEXT} PRIMARY KEY, document {TEXT} NOT NULL)",
    f"""CREATE TABLE outbox (
        id {NUMBERED}, "key" {TEXT} NOT NULL UNIQUE, body BYTEA, created_at TIMESTAMPTZ NOT NULL,
        delivered_at TIMESTAMPTZ, poisoned_at TIMESTAMPTZ, error {TEXT})""",
    "CREATE INDEX outbox_pending ON outbox (id) WHERE delivered_at IS NULL AND poisoned_at IS NULL",
    "CREATE INDEX outbox_to_let_go ON outbox (delivered_at) WHERE delivered_at IS NOT NULL AND body IS NOT NULL",
)
"""Everything that SQLite's versions 1 to 6 led to."""

MIGRATIONS: Migrations = (VERSION_1,)

OURS = {"schema_version", "replacements", "events", "leases"}
"""Other programs have a `schema_version` too."""

SCHEMA = "SELECT current_schema()"
TABLES = """
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = (
        SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')"""
"""Tables and views of the first schema of the search path, without those of extensions."""


def found_version(connection: Connection) -> int:
    """The version of the journal in the first schema of the search path; 0 when that is empty.

    Raises JournalUnavailable when there is no such schema, or its tables are somebody else's.
    """
    schema = connection.exec_driver_sql(SCHEMA).scalar_one()
    if schema is None:
        raise JournalUnavailable("no schema of the user's search path is there; create one")
    tables = set(connection.exec_driver_sql(TABLES).scalars())
    if not tables:
        return 0
    if not tables >= OURS:
        raise JournalUnavailable(f"its schema {schema} has tables that are not Repave's; give it a schema of its own")
    return version(connection)
