"""The command's verbs that judge: each module has `add_arguments(parser)` and `run(arguments) -> exit code`."""
