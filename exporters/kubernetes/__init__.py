"""The way to a Kubernetes API server: which one is meant, and how to sign in."""
