"""What stands in for Postgres while it is away: signals as files, and the keys by which they are judged."""
