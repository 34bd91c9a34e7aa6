FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# what GET / answers as git_commit
ARG GYMAPI_GIT_COMMIT=unknown
RUN cargo build --release --locked --package gymapi-server

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /data gymapi
COPY --from=build /src/target/release/gymapi-server /usr/local/bin/gymapi-server
USER gymapi
# production, because an image that listens on every address must not give tokens to anyone who asks
ENV GYMAPI_ENVIRONMENT=production GYMAPI_DATA_DIR=/data GYMAPI_HTTP_ADDR=0.0.0.0:8000 GYMAPI_LOG_JSON=true
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD curl --fail --silent http://127.0.0.1:8000/health/live || exit 1
ENTRYPOINT ["gymapi-server"]
