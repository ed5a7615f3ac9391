#!/bin/sh
# Runs once, when the database's volume is new: Watchbill's role owns its database and has no power over the server.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set password="$WATCHBILL_DATABASE_PASSWORD" <<'SQL'
create role watchbill login password :'password';
create database watchbill owner watchbill;
SQL
