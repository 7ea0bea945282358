"""The schema, version by version, as SQLite's statements. A version that was ever released never changes: add one.

Each file says which version it has in `schema_version`.
"""

from sqlalchemy import Connection

from controller.domain.errors import JournalUnavailable
from controller.journal.versions import Migrations, version

VERSION_1 = (
    """CREATE TABLE replacements (
        number INTEGER PRIMARY KEY NOT NULL, id TEXT NOT NULL UNIQUE, fleet TEXT NOT NULL, "group" TEXT NOT NULL,
        predecessor TEXT NOT NULL, successor TEXT, phase TEXT NOT NULL, outcome TEXT, accepted_at TEXT NOT NULL,
        closed_at TEXT, closed_event INTEGER REFERENCES events (id), policy_hash TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX one_open_per_predecessor ON replacements (predecessor) WHERE closed_event IS NULL",
    """CREATE UNIQUE INDEX one_open_claim_per_successor ON replacements (successor)
        WHERE closed_event IS NULL AND successor IS NOT NULL""",
    "CREATE INDEX replacements_open ON replacements (number) WHERE closed_event IS NULL",
    "CREATE INDEX replacements_by_acceptance ON replacements (accepted_at, fleet)",
    "CREATE INDEX replacements_by_outcome ON replacements (outcome, closed_event, fleet)",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY NOT NULL, replacement_id TEXT NOT NULL REFERENCES replacements (id),
        ordinal INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, step TEXT, facts TEXT NOT NULL,
        token INTEGER NOT NULL, UNIQUE (replacement_id, ordinal))""",
    """CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    # INSERT OR REPLACE would delete the old row without asking the trigger above.
    """CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events
            WHERE id = NEW.id OR (replacement_id = NEW.replacement_id AND ordinal = NEW.ordinal))
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TABLE leases (
        fleet TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, token INTEGER NOT NULL, expires_at TEXT NOT NULL)""",
    """CREATE TABLE holds (
        id INTEGER PRIMARY KEY NOT NULL, scope TEXT NOT NULL, reason TEXT NOT NULL, "by" TEXT NOT NULL,
        created_at TEXT NOT NULL, expires_at TEXT, ended_at TEXT, ended_by TEXT)""",
    "CREATE UNIQUE INDEX one_hold_per_scope ON holds (scope) WHERE ended_at IS NULL",
    """CREATE TABLE breakers (
        id INTEGER PRIMARY KEY NOT NULL, fleet TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
        opened_at TEXT NOT NULL, closed_at TEXT, closed_by TEXT)""",
    "CREATE UNIQUE INDEX one_breaker_per_cause ON breakers (fleet, cause) WHERE closed_at IS NULL",
    """CREATE TABLE resumes (
        id INTEGER PRIMARY KEY NOT NULL, scope TEXT NOT NULL, "by" TEXT NOT NULL, at TEXT NOT NULL,
        after_event INTEGER NOT NULL)""",
    "CREATE TABLE memory (fleet TEXT PRIMARY KEY NOT NULL, document BLOB NOT NULL)",
    """CREATE TABLE reports (
        fleet TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL, sentence TEXT NOT NULL, report BLOB NOT NULL)""",
    """CREATE TABLE refusals (
        fleet TEXT NOT NULL, instance_id TEXT NOT NULL, rules TEXT NOT NULL, facts BLOB NOT NULL, since TEXT NOT NULL,
        PRIMARY KEY (fleet, instance_id))""",
    "CREATE TABLE policies (hash TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL)",
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY NOT NULL, "key" TEXT NOT NULL UNIQUE, body BLOB, created_at TEXT NOT NULL,
        delivered_at TEXT, poisoned_at TEXT, error TEXT)""",
    "CREATE INDEX outbox_pending ON outbox (id) WHERE delivered_at IS NULL AND poisoned_at IS NULL",
    "CREATE INDEX outbox_to_let_go ON outbox (delivered_at) WHERE delivered_at IS NOT NULL AND body IS NOT NULL",
)

VERSION_2 = (
    "ALTER TABLE replacements ADD COLUMN causes TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE replacements ADD COLUMN image_id TEXT",
    "ALTER TABLE replacements ADD COLUMN error_type TEXT",
    "ALTER TABLE replacements ADD COLUMN verification TEXT",
    "ALTER TABLE replacements ADD COLUMN predecessor_launched_at TEXT",
    """UPDATE replacements SET
        causes = coalesce((SELECT json_extract(facts, '$.causes') FROM events
            WHERE replacement_id = replacements.id AND ordinal = 0), '[]'),
        predecessor_launched_at = (SELECT json_extract(facts, '$.predecessor_facts.launched_at') FROM events
            WHERE replacement_id = replacements.id AND ordinal = 0),
        image_id = (SELECT json_extract(facts, '$.successor_facts.image_id') FROM events
            WHERE replacement_id = replacements.id AND kind = 'succeeded'
                AND json_extract(facts, '$.successor_facts.image_id') IS NOT NULL
            ORDER BY ordinal DESC LIMIT 1),
        error_type = (SELECT json_extract(facts, '$.error_type') FROM events
            WHERE replacement_id = replacements.id AND kind = 'failed' ORDER BY ordinal DESC LIMIT 1),
        verification = (SELECT json_extract(facts, '$.verification') FROM events
            WHERE replacement_id = replacements.id AND kind IN ('succeeded', 'failed')
                AND json_extract(facts, '$.verification') IS NOT NULL
            ORDER BY ordinal DESC LIMIT 1)""",
    """CREATE INDEX replacements_by_closing ON replacements (fleet, closed_event)
        WHERE closed_event IS NOT NULL""",
)
"""What a replacement came to, for the rules that learn from the past; what is there is told again from its events."""

VERSION_3 = (
    """CREATE TABLE requests (
        id TEXT PRIMARY KEY NOT NULL, fleet TEXT NOT NULL, instance_id TEXT NOT NULL, kind TEXT NOT NULL,
        verdict TEXT NOT NULL, causes TEXT NOT NULL, "by" TEXT NOT NULL, reason TEXT NOT NULL,
        created_at TEXT NOT NULL, expires_at TEXT NOT NULL, approved_by TEXT, approved_at TEXT,
        ended TEXT, ended_at TEXT, closing TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX one_open_request_per_instance ON requests (fleet, instance_id) WHERE ended IS NULL",
    "CREATE INDEX requests_by_creation ON requests (created_at)",
    """CREATE TABLE aborts (
        replacement_id TEXT PRIMARY KEY NOT NULL REFERENCES replacements (id), "by" TEXT NOT NULL,
        reason TEXT NOT NULL, at TEXT NOT NULL, after_hold INTEGER NOT NULL)""",
)
"""What people may approve and asked for, and the word that turns a replacement back."""

VERSION_4 = ("ALTER TABLE breakers ADD COLUMN image_id TEXT",)
"""The image that failed: with another one, a breaker is half-open."""

VERSION_5 = (
    """CREATE TABLE presences (
        owner TEXT PRIMARY KEY NOT NULL, fleets TEXT NOT NULL, since TEXT NOT NULL, expires_at TEXT NOT NULL)""",
)
"""Which daemons are there, so that they can share the fleets."""

VERSION_6 = (
    "DROP TRIGGER events_are_never_deleted",
    """CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
        WHEN EXISTS (SELECT 1 FROM replacements WHERE id = OLD.replacement_id)
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER open_replacements_stay BEFORE DELETE ON replacements WHEN OLD.closed_event IS NULL
        BEGIN SELECT RAISE(ABORT, 'an open replacement is never let go of'); END""",
)
"""A closed story may be let go of whole: first its replacement, then its events."""

MIGRATIONS: Migrations = (VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6)


def found_version(connection: Connection) -> int:
    """The version of the open file; 0 when it is empty.

    Raises JournalUnavailable when its tables are somebody else's.
    """
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise JournalUnavailable("it is a database, but not a journal of Repave's")
    return version(connection)
