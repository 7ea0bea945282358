"""What `repave validate` says of a fleet of containers that cannot be meant."""

import pytest

from controller.app.configuration import specs
from controller.domain.errors import ConfigError
from controller.settings import load

BROKEN = """\
version: 1
fleets:
  edge:
    docker: {label: "a b", host: "ssh://there", ports: "8099-8000", pull: yes}
  api:
    docker: {label: api, hosts: ["tcp://10.0.0.5:2376"], host: "tcp://10.0.0.5:2376"}
  far:
    docker: {label: far, host: "tcp://10.0.0.5:2376", tls: {client_cert: a.pem}, image_created: {"app:1": 1970-01-01}}
  one:
    docker: {label: app, host: "tcp://10.0.0.5:2376"}
  two:
    docker: {label: app, hosts: ["tcp://10.0.0.6:2376", "tcp://10.0.0.5:2376"], pull: always}
  drifting:
    docker: {label: drifting}
    drift: [image]
"""
SAID = """\
edge.yaml:4:21: 'label' must be a label such as fleet=edge, or its key alone, not 'a b'.
edge.yaml:4:34: 'host' must be an engine such as unix:///var/run/docker.sock or tcp://10.0.0.5:2376, not 'ssh://there'.
edge.yaml:4:56: 'ports' must be a range of ports such as 8000-8099, not '8099-8000'.
edge.yaml:4:75: 'pull' must be 'never', 'if_missing' or 'always'.
edge.yaml:6:5: 'docker' cannot be used: say either `host` or `hosts`.
edge.yaml:8:55: 'tls' cannot be used: `client_cert` and `client_key` go together.
edge.yaml:8:107: 'app:1' must be a date that somebody set, from 2000 on, not '1970-01-01'.
edge.yaml:12:5: fleets 'one' and 'two' declare the same instances.
edge.yaml:15:13: 'docker' cannot tell a drift of 'image'. It knows image_digest.
"""


def test_every_problem_is_said_with_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        load(BROKEN, "edge.yaml", specs())
    assert str(caught.value).splitlines() == SAID.splitlines()
