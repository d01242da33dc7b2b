# A real S3 for compose.yaml: Ceph RGW from Debian's packages, with the bucket made. Its data is in memory: to try things.
ARG DEBIAN=debian:12.12-slim
FROM ${DEBIAN}
RUN apt-get update -q \
    && apt-get install -q -y --no-install-recommends ceph-base ceph-common ceph-mon ceph-osd python3 python3-boto3 radosgw \
    && rm -rf /var/lib/apt/lists/*
COPY infra/ceph/rgw infra/docker/store /usr/local/bin/
EXPOSE 7480
CMD ["store"]
