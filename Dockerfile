# Two stages: uv and the build stay in the first one, the last holds Python, the locked libraries and
# the relay. Run it with a read-only root and one volume:
#   docker run --read-only -v relay:/var/lib/relay -v ./relay.toml:/etc/relay/relay.toml:ro -p 8080:8080 relay
FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir "uv==0.13.*"
WORKDIR /build
# The libraries in a layer of their own: it changes with the lock only.
COPY pyproject.toml uv.lock ./
RUN UV_PROJECT_ENVIRONMENT=/opt/relay uv sync --frozen --no-dev --extra cluster --no-install-project
COPY README.md LICENSE ./
COPY relay relay
COPY packagers packagers
RUN UV_PROJECT_ENVIRONMENT=/opt/relay uv sync --frozen --no-dev --extra cluster --no-editable

FROM python:3.11-slim-bookworm
COPY --from=build /opt/relay /opt/relay
# PYTHONUNBUFFERED: a log line is out before the process can die.
ENV PATH=/opt/relay/bin:$PATH PYTHONUNBUFFERED=1
RUN install -d -o 65532 -g 65532 /var/lib/relay
USER 65532:65532
VOLUME /var/lib/relay
EXPOSE 8080
# SIGTERM drains: new POSTs are refused, open fragments end, then the process leaves. Give
# `docker stop --time` at least the length of the longest fragment.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["relay", "status", "--ready"]
ENTRYPOINT ["relay"]
CMD ["run", "/etc/relay/relay.toml"]
