"""The rules, one file each: its docstring is the runbook, its `rule` says what it looks at and finds cases."""
