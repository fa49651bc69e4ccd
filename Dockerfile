# One image for every verb: docker build -t gpuyield .
# For a build that can be repeated, name the base image by its digest: --build-arg PYTHON_IMAGE=python@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/gpuyield
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY exporters exporters
COPY analyzer analyzer
COPY alerts alerts
COPY dashboards dashboards
COPY gpuyield gpuyield
RUN /opt/gpuyield/bin/pip install '.[all]'

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="gpuyield" \
      org.opencontainers.image.description="Where every accelerator dollar goes" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/gpuyield /opt/gpuyield
# A new volume takes over the owner of the folder where it is mounted.
RUN install -d -o 65532 -g 65532 /stack /state
ENV PATH=/opt/gpuyield/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp XDG_CACHE_HOME=/tmp
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["gpuyield"]
CMD ["--help"]
