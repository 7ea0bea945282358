-- A journal as version 1 of the schema left it, with one of everything. Never edit it.
BEGIN TRANSACTION;
CREATE TABLE breakers (
        id INTEGER PRIMARY KEY NOT NULL, fleet TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
        opened_at TEXT NOT NULL, closed_at TEXT, closed_by TEXT);
INSERT INTO "breakers" VALUES(1,'web','aged','no better','2026-11-23T12:00:03.000000+00:00',NULL,NULL);
CREATE TABLE events (
        id INTEGER PRIMARY KEY NOT NULL, replacement_id TEXT NOT NULL REFERENCES replacements (id),
        ordinal INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, step TEXT, facts TEXT NOT NULL,
        token INTEGER NOT NULL, UNIQUE (replacement_id, ordinal));
INSERT INTO "events" VALUES(1,'r-1',0,'2026-11-23T12:00:00.000000+00:00','accepted',NULL,'{"fleet":"web","group":"web-group","zone":"eu-west-1a","predecessor":"old-of-r-1","causes":["disk filling"],"policy_hash":"abc123"}',1);
INSERT INTO "events" VALUES(2,'r-1',1,'2026-11-23T12:00:00.000000+00:00','started','launch','{}',1);
INSERT INTO "events" VALUES(3,'r-1',2,'2026-11-23T12:00:00.000000+00:00','called','launch','{"call":"autoscaling.SetDesiredCapacity","ordinal":0,"arguments":{"to":9}}',1);
INSERT INTO "events" VALUES(4,'r-1',3,'2026-11-23T12:00:00.000000+00:00','returned','launch','{"call":"autoscaling.SetDesiredCapacity","ordinal":0,"outcome":"ok"}',1);
INSERT INTO "events" VALUES(5,'r-1',4,'2026-11-23T12:00:00.000000+00:00','succeeded','launch','{"successor":"new-of-r-1"}',1);
INSERT INTO "events" VALUES(6,'r-1',5,'2026-11-23T12:00:00.000000+00:00','started','await_ready','{}',1);
INSERT INTO "events" VALUES(7,'r-1',6,'2026-11-23T12:00:00.000000+00:00','succeeded','await_ready','{}',1);
INSERT INTO "events" VALUES(8,'r-1',7,'2026-11-23T12:00:00.000000+00:00','started','verify','{}',1);
INSERT INTO "events" VALUES(9,'r-1',8,'2026-11-23T12:00:00.000000+00:00','succeeded','verify','{"verification":"improved"}',1);
INSERT INTO "events" VALUES(10,'r-1',9,'2026-11-23T12:00:00.000000+00:00','started','drain','{}',1);
INSERT INTO "events" VALUES(11,'r-1',10,'2026-11-23T12:00:00.000000+00:00','succeeded','drain','{}',1);
INSERT INTO "events" VALUES(12,'r-1',11,'2026-11-23T12:00:00.000000+00:00','started','terminate','{}',1);
INSERT INTO "events" VALUES(13,'r-1',12,'2026-11-23T12:00:00.000000+00:00','succeeded','terminate','{}',1);
INSERT INTO "events" VALUES(14,'r-1',13,'2026-11-23T12:00:00.000000+00:00','closed',NULL,'{"outcome":"replaced"}',1);
INSERT INTO "events" VALUES(15,'r-2',0,'2026-11-23T12:00:00.000000+00:00','accepted',NULL,'{"fleet":"web","group":"web-group","zone":"eu-west-1a","predecessor":"i-2","causes":["disk filling"],"policy_hash":"abc123"}',1);
INSERT INTO "events" VALUES(16,'r-2',1,'2026-11-23T12:00:00.000000+00:00','started','launch','{}',1);
INSERT INTO "events" VALUES(17,'r-2',2,'2026-11-23T12:00:00.000000+00:00','called','launch','{"call":"autoscaling.SetDesiredCapacity","ordinal":0,"arguments":{"to":9}}',1);
INSERT INTO "events" VALUES(18,'r-2',3,'2026-11-23T12:00:00.000000+00:00','returned','launch','{"call":"autoscaling.SetDesiredCapacity","ordinal":0,"outcome":"ok"}',1);
INSERT INTO "events" VALUES(19,'r-2',4,'2026-11-23T12:00:00.000000+00:00','succeeded','launch','{"successor":"i-new"}',1);
CREATE TABLE holds (
        id INTEGER PRIMARY KEY NOT NULL, scope TEXT NOT NULL, reason TEXT NOT NULL, "by" TEXT NOT NULL,
        created_at TEXT NOT NULL, expires_at TEXT, ended_at TEXT, ended_by TEXT);
INSERT INTO "holds" VALUES(1,'all','old','ana','2026-11-23T12:00:00.000000+00:00',NULL,'2026-11-23T12:00:01.000000+00:00','ben');
INSERT INTO "holds" VALUES(2,'fleet:web','release day','ana','2026-11-23T12:00:02.000000+00:00',NULL,NULL,NULL);
CREATE TABLE leases (
        fleet TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, token INTEGER NOT NULL, expires_at TEXT NOT NULL);
INSERT INTO "leases" VALUES('web','d-1',1,'2026-11-23T12:00:30.000000+00:00');
CREATE TABLE memory (fleet TEXT PRIMARY KEY NOT NULL, document BLOB NOT NULL);
INSERT INTO "memory" VALUES('web',X'78017D8E4B0AC2301040AF22B3B5817CA8D89CC35D09A131530D090924295D8877372E44C5E26698E1318F778352334EBE801C4770844107D615BF9B5D082E5EDA691A3F5FD1B695537E208C112E4E8CC97E9094EE296D738BF5C38B09D53DDDFCD7BD441FD31AB7DEC51FF59B31A53A58B3AB15A39E2AC8AF46DED23E1B2D1697D16A8373CAA86B4E8B0908F2787F00799B4507');
CREATE TABLE outbox (
        id INTEGER PRIMARY KEY NOT NULL, "key" TEXT NOT NULL UNIQUE, body BLOB, created_at TEXT NOT NULL,
        delivered_at TEXT, poisoned_at TEXT, error TEXT);
INSERT INTO "outbox" VALUES(1,'r-1/0',X'722D312F30206163636570746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(2,'r-1/1',X'722D312F312073746172746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(3,'r-1/2',X'722D312F322063616C6C6564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(4,'r-1/3',X'722D312F332072657475726E6564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(5,'r-1/4',X'722D312F3420737563636565646564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(6,'r-1/5',X'722D312F352073746172746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(7,'r-1/6',X'722D312F3620737563636565646564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(8,'r-1/7',X'722D312F372073746172746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(9,'r-1/8',X'722D312F3820737563636565646564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(10,'r-1/9',X'722D312F392073746172746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(11,'r-1/10',X'722D312F313020737563636565646564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(12,'r-1/11',X'722D312F31312073746172746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(13,'r-1/12',X'722D312F313220737563636565646564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(14,'r-1/13',X'722D312F313320636C6F736564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(15,'r-2/0',X'722D322F30206163636570746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(16,'r-2/1',X'722D322F312073746172746564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(17,'r-2/2',X'722D322F322063616C6C6564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(18,'r-2/3',X'722D322F332072657475726E6564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(19,'r-2/4',X'722D322F3420737563636565646564','2026-11-23T12:00:00.000000+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(20,'hold/web/i-9/2026-11-23T12:00:04+00:00',X'70726F746563746564','2026-11-23T12:00:04.000000+00:00',NULL,NULL,NULL);
CREATE TABLE policies (hash TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL);
INSERT INTO "policies" VALUES('abc123','{}');
CREATE TABLE refusals (
        fleet TEXT NOT NULL, instance_id TEXT NOT NULL, rules TEXT NOT NULL, facts BLOB NOT NULL, since TEXT NOT NULL,
        PRIMARY KEY (fleet, instance_id));
INSERT INTO "refusals" VALUES('web','i-9','["protected"]',X'7801AB562A4B2D4AC94C2E51B2524A4C4F4D51D2514A2DCB4C49CD4B4E55B28AAE562A4BCC2905B22C8DF50C6B6375944A3293B395AC4C6A01014A11C9','2026-11-23T12:00:04.000000+00:00');
CREATE TABLE replacements (
        number INTEGER PRIMARY KEY NOT NULL, id TEXT NOT NULL UNIQUE, fleet TEXT NOT NULL, "group" TEXT NOT NULL,
        predecessor TEXT NOT NULL, successor TEXT, phase TEXT NOT NULL, outcome TEXT, accepted_at TEXT NOT NULL,
        closed_at TEXT, closed_event INTEGER REFERENCES events (id), policy_hash TEXT NOT NULL);
INSERT INTO "replacements" VALUES(1,'r-1','web','web-group','old-of-r-1','new-of-r-1','closed','replaced','2026-11-23T12:00:00.000000+00:00','2026-11-23T12:00:00.000000+00:00',14,'abc123');
INSERT INTO "replacements" VALUES(2,'r-2','web','web-group','i-2','i-new','launched',NULL,'2026-11-23T12:00:00.000000+00:00',NULL,NULL,'abc123');
CREATE TABLE reports (
        fleet TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL, sentence TEXT NOT NULL, report BLOB NOT NULL);
INSERT INTO "reports" VALUES('web','2026-11-23T12:00:04.000000+00:00','Looked at 1 instances.',X'7801AB56CA4BCC4D55B2522A4F4D52D251CACC2B2E49CC4B4E2D56B28A3689AD0500982109F8');
CREATE TABLE resumes (
        id INTEGER PRIMARY KEY NOT NULL, scope TEXT NOT NULL, "by" TEXT NOT NULL, at TEXT NOT NULL,
        after_event INTEGER NOT NULL);
INSERT INTO "resumes" VALUES(1,'all','ben','2026-11-23T12:00:01.000000+00:00',19);
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO "schema_version" VALUES(1);
CREATE UNIQUE INDEX one_open_per_predecessor ON replacements (predecessor) WHERE closed_event IS NULL;
CREATE UNIQUE INDEX one_open_claim_per_successor ON replacements (successor)
        WHERE closed_event IS NULL AND successor IS NOT NULL;
CREATE INDEX replacements_open ON replacements (number) WHERE closed_event IS NULL;
CREATE INDEX replacements_by_acceptance ON replacements (accepted_at, fleet);
CREATE INDEX replacements_by_outcome ON replacements (outcome, closed_event, fleet);
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
        WHEN EXISTS (SELECT 1 FROM events
            WHERE id = NEW.id OR (replacement_id = NEW.replacement_id AND ordinal = NEW.ordinal))
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE UNIQUE INDEX one_hold_per_scope ON holds (scope) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX one_breaker_per_cause ON breakers (fleet, cause) WHERE closed_at IS NULL;
CREATE INDEX outbox_pending ON outbox (id) WHERE delivered_at IS NULL AND poisoned_at IS NULL;
CREATE INDEX outbox_to_let_go ON outbox (delivered_at) WHERE delivered_at IS NOT NULL AND body IS NOT NULL;
COMMIT;
