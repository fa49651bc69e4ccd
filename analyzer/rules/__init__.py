"""Recording rules that price a cluster with constants, for those who do not run `gpuyield publish`."""
