"""The tables as queries see them. Each database's `migrations` make them; a test holds the two together.

What is SQLite's own stands in `sqlite`, what is PostgreSQL's in `postgresql`, and what both have and SQL has not in
`dialect`.
"""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from controller.journal.columns import Json, PackedJson, UtcTime, Words

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, nullable=False))

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("replacement_id", String, ForeignKey("replacements.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("step", String),
    Column("facts", Json, nullable=False),
    Column("token", Integer, nullable=False),
)
"""The truth. `id` is the order in which the journal got them; `token` the lease they were written under."""

replacements = Table(
    "replacements",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("fleet", String, nullable=False),
    Column("group", String, nullable=False),
    Column("predecessor", String, nullable=False),
    Column("successor", String),
    Column("phase", String, nullable=False),
    Column("outcome", String),
    Column("accepted_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("closed_event", Integer, ForeignKey("events.id")),
    Column("policy_hash", String, nullable=False),
    Column("causes", Json, nullable=False),
    Column("image_id", String),
    Column("error_type", String),
    Column("verification", String),
    Column("predecessor_launched_at", UtcTime),
)
"""A projection of the events, for the budgets' questions."""

leases = Table(
    "leases",
    metadata,
    Column("fleet", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("token", Integer, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

presences = Table(
    "presences",
    metadata,
    Column("owner", String, primary_key=True),
    Column("fleets", Json, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
"""The daemons that are there; who ran out is let go of by whoever announces itself next."""

holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String, nullable=False),
    Column("reason", Words, nullable=False),
    Column("by", String, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("ended_by", String),
)

breakers = Table(
    "breakers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fleet", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("reason", Words, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("closed_by", String),
    Column("image_id", String),
)

resumes = Table(
    "resumes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("after_event", Integer, nullable=False),
)
"""`after_event`: the newest event at that moment; failures up to it no longer count. An order, so no clock matters."""

requests = Table(
    "requests",
    metadata,
    Column("id", String, primary_key=True),
    Column("fleet", String, nullable=False),
    Column("instance_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("causes", Json, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("approved_by", String),
    Column("approved_at", UtcTime),
    Column("ended", String),
    Column("ended_at", UtcTime),
    Column("closing", Words, nullable=False),
)
"""What a person may approve, or asked for. `ended` is null while it is open, its time over or not."""

aborts = Table(
    "aborts",
    metadata,
    Column("replacement_id", String, ForeignKey("replacements.id"), primary_key=True),
    Column("by", String, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("after_hold", Integer, nullable=False),
)
"""`after_hold`: the newest hold at that moment; only a later one stops the way back. An order, so no clock matters."""

memory = Table(
    "memory",
    metadata,
    Column("fleet", String, primary_key=True),
    Column("document", PackedJson, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("fleet", String, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("sentence", Words, nullable=False),
    Column("report", PackedJson, nullable=False),
)

refusals = Table(
    "refusals",
    metadata,
    Column("fleet", String, primary_key=True),
    Column("instance_id", String, primary_key=True),
    Column("rules", Json, nullable=False),
    Column("facts", PackedJson, nullable=False),
    Column("since", UtcTime, nullable=False),
)
"""Who is refused now. `facts` and `since` are of the tick at which the set of vetoes last changed."""

policies = Table(
    "policies",
    metadata,
    Column("hash", String, primary_key=True),
    Column("document", Words, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("body", LargeBinary),
    Column("created_at", UtcTime, nullable=False),
    Column("delivered_at", UtcTime),
    Column("poisoned_at", UtcTime),
    Column("error", Words),
)
"""`body` is let go of a day after delivery; the key stays, as the proof of it."""
