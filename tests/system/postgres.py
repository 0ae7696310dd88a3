"""A PostgreSQL of the test's own: in a directory, on a Unix socket, by a user without rights. And the earlier registry's tables in it, as
each of its schemas had them, with odd content.

    with postgres.Server() as server:
        server.sql("registry", postgres.EARLY + postgres.EARLY_ROWS)
        server.run("pg_dump", "registry")
"""

import glob
import json
import os
import pwd
import shutil
import subprocess
import tempfile

import nr

# The schema of its first SQL script: addresses are inet, profiles belong to nodes.
EARLY = """
CREATE TABLE nodes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id varchar(255) UNIQUE NOT NULL, node_name varchar(255) NOT NULL,
    node_role varchar(50) NOT NULL, node_type varchar(50) NOT NULL, ip_address inet, local_ip inet, hostname varchar(255),
    status varchar(50) DEFAULT 'offline', last_heartbeat timestamptz, registered_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(), metadata jsonb DEFAULT '{}',
    CONSTRAINT valid_status CHECK (status IN ('online', 'offline', 'maintenance', 'degraded')));
CREATE TABLE node_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id uuid REFERENCES nodes(id) ON DELETE CASCADE, profile_name varchar(255) NOT NULL,
    profile_type varchar(50) NOT NULL, config jsonb NOT NULL DEFAULT '{}', enabled boolean DEFAULT true, created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(), UNIQUE (node_id, profile_name));
CREATE TABLE heartbeat_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id uuid REFERENCES nodes(id) ON DELETE CASCADE, timestamp timestamptz DEFAULT now(),
    status varchar(50), metrics jsonb DEFAULT '{}');
CREATE FUNCTION touch() RETURNS trigger AS $$
BEGIN
    -- COPY public.nodes (id) FROM stdin; and INSERT INTO nodes VALUES ('x'); are only words here
    NEW.updated_at = now(); RETURN NEW;
END; $$ LANGUAGE plpgsql;
CREATE TRIGGER touched BEFORE UPDATE ON nodes FOR EACH ROW EXECUTE FUNCTION touch();
COMMENT ON TABLE nodes IS 'the one''s; INSERT INTO nodes VALUES (1);
COPY nodes FROM stdin;';
"""
# What its models made where the tables did not exist yet.
MODELS = EARLY.replace(" metadata jsonb DEFAULT '{}',", " node_metadata jsonb, roles varchar[], gpu jsonb, modules jsonb, version varchar(50),") \
    .replace(" ip_address inet, local_ip inet,", " ip_address varchar(45), local_ip varchar(45),")
# The schema of its summary: labels, and profiles of roles.
LATE = """
CREATE TABLE nodes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id varchar(255) UNIQUE NOT NULL, hostname varchar(255) NOT NULL, ip varchar(45),
    role varchar(100) NOT NULL, labels text[], status varchar(50) DEFAULT 'offline', last_heartbeat timestamptz, metadata jsonb DEFAULT '{}',
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());
CREATE TABLE node_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), role varchar(100) UNIQUE NOT NULL, config jsonb NOT NULL,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());
CREATE TABLE heartbeat_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id uuid REFERENCES nodes(id) ON DELETE CASCADE, timestamp timestamptz DEFAULT now(),
    status varchar(50), metrics jsonb DEFAULT '{}');
"""

ODD = json.dumps({"quote": "O'Brien \"q\"", "tab": "a\tb", "lines": "a\nb\r\n;\n\\.\n--", "path": "C:\\new\\table", "null": None, "uni": "Привіт 🚀",
                  "deep": {"list": [1, -2.5, True, [], {}, 1e20]}, "sql": "'); DROP TABLE nodes; --", "dollar": "$$ $x$"}).replace("'", "''")
EARLY_ROWS = f"""
INSERT INTO nodes (node_id, node_name, node_role, node_type, ip_address, local_ip, hostname, status, metadata, registered_at) VALUES
    ('node-1', 'Hetzner "GEX44"', 'production', 'router', '192.0.2.1', NULL, 'gateway.example', 'offline', '{ODD}', '2025-01-17 14:30:00.5+02'),
    ('node-2', E'It''s\\\\a\\ttab', 'development', 'router', NULL, '192.168.1.244', NULL, 'maintenance', NULL, '2025-01-18 00:00:00+00'),
    ('node 3/ü', 'Третя', 'worker', 'worker', '10.0.0.7/8', '2001:db8::1/64', 'h3', 'online', '[1, 2]', NULL),
    ('node-4', 'four', 'backup', 'gateway', '2001:db8::4', NULL, '', 'online', NULL, NULL);
UPDATE nodes SET metadata = jsonb_build_object('small', 1, 'long', 123456789012345678901234567890, 'large', 1e300, 'huge', repeat('x', 9000), 'node_name', 'another') WHERE node_id = 'node-4';
INSERT INTO node_profiles (node_id, profile_name, profile_type, config, enabled)
    SELECT id, 'llm "main"', 'llm', '{{"model": "a''b", "n": [1]}}', true FROM nodes WHERE node_id IN ('node-1', 'node-2');
INSERT INTO node_profiles (node_id, profile_name, profile_type, config, enabled)
    SELECT id, 'off', 'service', '{{}}', false FROM nodes WHERE node_id = 'node-1';
INSERT INTO node_profiles (node_id, profile_name, profile_type) VALUES (NULL, 'orphan', 'service');
INSERT INTO heartbeat_log (node_id, timestamp, status, metrics)
    SELECT id, timestamptz '2025-02-01 00:00:00+00' + n * interval '30 s', 'online', '{{"cpu": 1}}' FROM nodes, generate_series(1, 50) n WHERE node_id = 'node-1';
"""
MODELS_ROWS = """
INSERT INTO nodes (node_id, node_name, node_role, node_type, ip_address, local_ip, hostname, node_metadata, roles, gpu, modules, version) VALUES
    ('m-1', 'M1', 'production', 'router', 'not an address', '192.168.1.2', 'm1', '{"capabilities": {"features": ["docker"]}}', '{core,gpu,"a, b"}',
     '{"name": "RTX 4000", "vram_gb": 20}', '[{"id": "ai.router", "status": "up", "port": 9102}]', '1.2.0'),
    ('m-2', 'M2', 'worker', 'worker', '', NULL, 'm2', '{}', '{}', NULL, '[]', NULL);
"""
LATE_ROWS = f"""
INSERT INTO nodes (node_id, hostname, ip, role, labels, status, last_heartbeat, metadata, created_at) VALUES
    ('l-1', 'one.example', '192.0.2.11', 'inference-node', '{{gpu,"a, b","say \\"hi\\"","back\\\\slash","NULL",ключ}}', 'online', '2025-03-01 10:00:00+00', '{ODD}', '2025-01-01 00:00:00+00'),
    ('l-2', 'two', NULL, 'роль', NULL, 'offline', NULL, NULL, NULL),
    ('l-3', 'three', '192.0.2.300', 'worker', ARRAY['', NULL, 'ok', repeat('y', 101), E'new\\nline', 'ok'], 'draining', NULL, '{{}}', NULL),
    ('l-4', E'ctl\\x01host', '::1', repeat('ї', 100), (SELECT array_agg('label-' || n) FROM generate_series(1, 70) n), 'online', NULL, '{{}}', NULL);
INSERT INTO node_profiles (role, config) VALUES ('inference-node', '{ODD}'), ('роль / &', '{{"interval": 10}}'), ('list', '[1, 2]'),
    ('huge', jsonb_build_object('fill', repeat('z', 16000)));
INSERT INTO heartbeat_log (node_id, status) SELECT id, 'online' FROM nodes;
"""


class Server:
    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="nr-pg-")
        self.bin = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            entry = pwd.getpwnam("postgres")
            os.chown(self.directory, entry.pw_uid, entry.pw_gid)
        self.env = {"PATH": self.bin + ":/usr/bin:/bin", "PGHOST": self.directory, "PGUSER": "postgres", "LC_ALL": "C.UTF-8"}
        data = os.path.join(self.directory, "data")
        self.process = None
        try:
            self.run("initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
            with open(os.path.join(self.directory, "log"), "wb") as log:
                self.process = subprocess.Popen([os.path.join(self.bin, "postgres"), "-D", data, "-k", self.directory, "-c", "listen_addresses=",
                                                 "-c", "fsync=off", "-c", "max_connections=10", "-c", "shared_buffers=16MB"], env=self.env,
                                                cwd=self.directory, stdout=log, stderr=log, preexec_fn=nr.die_with_parent, **self.user)
            nr.wait_for(lambda: self.run("pg_isready"), 30, "PostgreSQL answering")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, *words, stdin=None):
        """One of PostgreSQL's programs; what it writes, as bytes."""
        done = subprocess.run([os.path.join(self.bin, words[0]), *words[1:]], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.env, cwd=self.directory, timeout=60, check=False, **self.user)
        assert done.returncode == 0, (words, done.stderr.decode())
        return done.stdout

    def database(self, name, text):
        self.run("createdb", name)
        self.sql(name, text)

    def sql(self, database, text):
        return self.run("psql", "-q", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, stdin=text.encode()).decode()

    def rows(self, database, table):
        return json.loads(self.sql(database, f"SELECT json_agg(row_to_json(t)) FROM {table} t"))
