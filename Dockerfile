# Repave's image: an interpreter, one virtual environment, and the libraries that the two load. No shell, no package manager,
# nothing that runs as root. How to build, pin and run it: docs/image.md. No part of it needs BuildKit.

# Debian or Ubuntu with Python 3.11 or newer, its venv module and ca-certificates. Pin it:
# BASE_IMAGE=python:3.13-slim@sha256:... (`make image` insists).
# checkov:skip=CKV_DOCKER_7: the tag, and the digest with it, comes by argument
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /build
# By which what a build leaves behind is found again: docker image prune --filter label=repave.stage=build
LABEL repave.stage="build"

# Where pip looks: its usual index, unless these say otherwise; always first in what was put beside the requirements.
ARG PIP_INDEX_URL=
ARG PIP_NO_INDEX=
ENV PIP_FIND_LINKS=/build/pins PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/ build/wheels/*.whl pins/

RUN python3 -m venv tools \
 && tools/bin/pip install --quiet --require-hashes --requirement pins/image.txt

# runtime, or demo: the embedded AWS behind `repave demo` as well.
ARG REQUIREMENTS=runtime
RUN python3 -m venv --without-pip /usr/lib/repave \
 && tools/bin/pip --python /usr/lib/repave/bin/python install --quiet --require-hashes --requirement "pins/${REQUIREMENTS}.txt"

COPY LICENSE README.md pyproject.toml ./
# controller/demo/demo.yaml is a link to it.
COPY config/demo.yaml config/
COPY controller/ controller/
COPY probes/ probes/
COPY tools/image_root.py ./

# The time of the commit, so that the same commit gives the same files.
ARG SOURCE_DATE_EPOCH=0
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && tools/bin/pip --python /usr/lib/repave/bin/python install --quiet --no-deps dist/*.whl \
 && mkdir -p root/usr/share/repave state/repave \
 && tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
      --output-file root/usr/share/repave/sbom.cdx.json /usr/lib/repave/bin/python \
 && python3 image_root.py /usr/lib/repave root

FROM scratch
COPY --from=build /build/root/ /
# The one folder that may be written to: for a journal on a volume, and for what SQLite and the demo write for a moment.
COPY --from=build --chown=65532:65532 /build/state/ /var/lib/

ENV PATH=/usr/lib/repave/bin LANG=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt TMPDIR=/var/lib/repave REPAVE_CONFIG=/etc/repave/repave.yaml
# Where a journal goes whose configuration says no other place.
WORKDIR /var/lib/repave
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["repave", "health"]
ENTRYPOINT ["repave"]
CMD ["run"]

ARG CREATED=
ARG REVISION=
ARG SOURCE=
ARG VERSION=
LABEL org.opencontainers.image.title="repave" \
      org.opencontainers.image.description="Watches fleets through the telemetry they already emit and replaces the servers that rot" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}"
