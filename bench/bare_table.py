TABLE = "create table if not exists bench_row (id bigint generated always as identity primary key, body jsonb not null)"
