"""The rules of schedules beside a plain prototype of the same rules, and beside what Grafana OnCall took."""
