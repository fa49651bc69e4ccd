"""What the program may do, and no more: policies for AWS and Kubernetes, read from its own calls."""
