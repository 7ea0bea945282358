"""What the generated pages say beside their tables."""

CONFIGURATION = """\
YAML; an unknown key is an error. Durations are written `90s`, `15m`, `6h`, `30d` or `1h30m`, shares `10%`. Secrets
are given by reference alone: `{env: NAME}`, `{file: PATH}` or `{secretsmanager: NAME}`. `repave validate` checks a
file and names each error with line and column; `repave schema` prints the JSON Schema, for editors. The examples are
from [config/example.yaml](../../config/example.yaml), which has every key. What shares come to, and which veto speaks
for which key: [running.md](../running.md#how-much-and-when).
"""

PROBES = """\
What each reads and when it knows nothing is told in [Probes: what Repave can see](../probes.md); here are the facts
and the options. *Keeps history*: `for` is read from the source's own past; else uninterrupted looks count.

| probe | reads | asked for by | keeps history | for a whole fleet |
|---|---|---|---|---|"""

BALANCERS = """\
## Load balancers

A fleet of containers has one at most, under `load_balancer`; how each is worked with is told in
[balancers.md](../balancers.md).
"""

ENVIRONMENT = """\
Credentials, regions and endpoints of AWS are read by its SDK, from the variables that it documents. Here are those
that Repave reads itself, and the ones of others that matter to it.

| variable | default | meaning |
|---|---|---|
"""
