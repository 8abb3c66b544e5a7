# syntax=docker/dockerfile:1
# docker build -t request-inspector .
# docker run -p 8787:8787 -v inspector:/data -e INSPECTOR_TOKEN=... request-inspector

FROM python:3.13-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/inspector
COPY requirements/run.txt requirements/
# Every hash is checked. The lock has what builds the package, too, which does not stay.
RUN /opt/inspector/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY inspector inspector
COPY templates templates
COPY static static
RUN /opt/inspector/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/inspector/bin/pip uninstall --yes uv hatchling django-htmx pathspec pluggy tomlkit trove-classifiers pip

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data inspector \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/inspector /opt/inspector
# Others reach a container, so it asks for a token: one that is printed at the start, unless given.
ENV PATH=/opt/inspector/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    INSPECTOR_HOST=0.0.0.0 \
    INSPECTOR_DATA_DIR=/data \
    INSPECTOR_DRAIN=5s \
    INSPECTOR_LOG_FORMAT=json \
    INSPECTOR_QUIET=1
# Nothing is written but here, and large bodies while they arrive to /tmp where that can be written.
VOLUME /data
USER 10001:10001
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["inspector", "ready"]
ENTRYPOINT ["inspector"]
CMD ["serve"]
