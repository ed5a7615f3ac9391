FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WATCHBILL_PRODUCTION=true \
    WATCHBILL_DATA_DIR=/data

RUN useradd --uid 10001 --home-dir /app --no-create-home --shell /usr/sbin/nologin watchbill \
    && install --directory --owner=watchbill --group=watchbill --mode=700 /data

WORKDIR /app
COPY requirements/production.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements/production.txt
COPY . .
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
        python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q config core incidents oncall statuspage postmortems

USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "core.stack.probe"]
CMD ["uvicorn", "config.asgi:application", "--host=0.0.0.0", "--port=8000", "--workers=2", "--no-access-log", \
     "--no-server-header", "--no-proxy-headers", "--timeout-graceful-shutdown=20"]
